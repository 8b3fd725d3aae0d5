// A Baileys for the tests in ../messages: takes commands on standard input and tells what it hears on standard output, a
// line of JSON each. Ends with its input.
//
//   in   {"id":1,"do":"text","chat":"…@s.whatsapp.net","text":"…"}
//   out  {"answers":1,"value":"3EB0…"} or {"answers":1,"error":"…"}; {"event":{"kind":"text","chat","from","id","text"}}

import { createInterface } from 'node:readline'
import { createHash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { aesEncryptGCM, decryptPollVote, hmacSign, isLidUser, isPnUser, jidNormalizedUser, proto } from 'baileys'
import { Peer, trustRoot } from './peer.js'

/** Devices of an account that sessions are forgotten with. */
const DEVICES = 20

trustRoot(process.env.SIM_ROOT)
const sim = { wss: process.env.SIM_WSS, ca: process.env.SIM_CA }
/** What was sent, by id: Baileys asks its program when somebody wants a message again. */
const sent = new Map()
/** Polls that were sent or heard, by id: Baileys leaves it to its program to vote and to open votes. */
const polls = new Map()
const options = {
	// There is no history to wait for.
	shouldSyncHistoryMessage: () => false,
	// It may ask before it has told us what it sent.
	async getMessage({ id }) {
		for (let tries = 0; tries < 200 && !sent.has(id); tries++) await setTimeout(10)
		return sent.get(id)
	}
}
const peer = new Peer(sim, process.argv[2], options, listen)

/** Sends a content; answers its id. */
async function send(chat, content, extras) {
	const { key, message } = await peer.sock.sendMessage(chat, content, extras)
	sent.set(key.id, message)
	return key.id
}

// What Baileys' Signal library prints would be no JSON.
for (const method of ['log', 'info', 'warn', 'error']) console[method] = () => {}

function say(line) {
	process.stdout.write(JSON.stringify(line) + '\n')
}

/** The key of a message that somebody says something about. */
function key(chat, { id, from, mine }) {
	return { remoteJid: chat, id, fromMe: mine, participant: chat.endsWith('@g.us') && !mine ? from : undefined }
}

const commands = {
	async qr() {
		await peer.connect()
		return peer.qr()
	},
	async open() {
		await peer.open()
		// Without a name, which it would have from the app state, Baileys never becomes available.
		const { me } = peer.sock.authState.creds
		peer.sock.ev.emit('creds.update', { me: { ...me, name: me.name ?? 'Baileys' } })
		await peer.sock.sendPresenceUpdate('available')
	},
	async text({ chat, text }) {
		return send(chat, { text })
	},
	async quote({ chat, text, target }) {
		const quoted = { key: key(chat, target), message: { conversation: target.text } }
		return send(chat, { text }, { quoted })
	},
	async react({ chat, text, target }) {
		await send(chat, { react: { text, key: key(chat, target) } })
	},
	async edit({ chat, text, target }) {
		await send(chat, { text, edit: key(chat, target) })
	},
	async delete({ chat, target }) {
		await send(chat, { delete: key(chat, target) })
	},
	async read({ chat, target }) {
		await peer.sock.readMessages([key(chat, target)])
	},
	async poll({ chat, text, options: values }) {
		const id = await send(chat, { poll: { name: text, values, selectableCount: 0 } })
		keepPoll(id, { fromMe: true }, sent.get(id))
		return id
	},
	async vote({ chat, target, options: chosen }) {
		const { key: asked, secret } = polls.get(target.id)
		const names = await both(asked.fromMe ? undefined : asked.participant || asked.remoteJid)
		const iv = randomBytes(12)
		const plain = proto.Message.PollVoteMessage.encode({ selectedOptions: chosen.map(hash) }).finish()
		// By number where it sends by number.
		const [author, voter] = names[isPnUser(chat) ? 1 : 0]
		const sealing = voteKey(secret, target.id, author, voter)
		const encPayload = aesEncryptGCM(plain, sealing.key, iv, sealing.bound)
		const pollCreationMessageKey = key(chat, { ...target, from: author })
		const vote = { pollCreationMessageKey, vote: { encPayload, encIv: iv }, senderTimestampMs: Date.now() }
		await peer.sock.relayMessage(chat, { pollUpdateMessage: vote }, {})
	},
	async group({ text, members }) {
		return (await peer.sock.groupCreate(text, members)).id
	},
	async forget({ chat }) {
		const names = await both(chat)
		const all = names.flatMap(([name]) => {
			const [user, server] = name.split('@')
			return Array.from({ length: DEVICES }, (_, device) => `${user}:${device}@${server}`)
		})
		await peer.sock.signalRepository.deleteSession(all)
	},
	async offline() {
		await peer.stop()
	},
	async online() {
		await peer.again()
	}
}

/** Tells what is heard on a connection. */
function listen(ev) {
	ev.on('messages.upsert', ({ messages }) => {
		for (const message of messages) hear(message)
	})
	// Of a one-to-one chat, then of a group.
	ev.on('messages.update', updates => {
		for (const { key, update } of updates) {
			if (key.fromMe && update.status >= 3) receipt(key, key.remoteJid, update.status)
		}
	})
	ev.on('message-receipt.update', updates => {
		for (const { key, receipt: told } of updates) {
			receipt(key, told.userJid, told.readTimestamp ? 4 : 3)
		}
	})
}

function receipt(key, from, status) {
	say({ event: { kind: 'receipt', chat: key.remoteJid, from, id: key.id, type: status >= 4 ? 'read' : 'delivered' } })
}

async function hear({ key, message, status, userReceipt }) {
	if (!message) return
	// A receipt that comes right after a message is told as a part of it.
	if (key.fromMe && status >= 3) receipt(key, key.remoteJid, status)
	for (const told of userReceipt ?? []) receipt(key, told.userJid, told.readTimestamp ? 4 : 3)
	const content = message.editedMessage?.message ?? message
	const own = key.fromMe ? (isLidUser(key.remoteJid) ? peer.sock.user.lid : peer.sock.user.id) : undefined
	const event = { chat: key.remoteJid, from: own || key.participant || key.remoteJid, id: key.id }
	const change = content.protocolMessage
	if (content.reactionMessage) {
		const { key: target, text } = content.reactionMessage
		say({ event: { ...event, kind: 'reaction', text, target: target.id } })
	} else if (change?.editedMessage) {
		say({ event: { ...event, kind: 'edit', text: textOf(change.editedMessage), target: change.key.id } })
	} else if (change?.key && !change.type) {
		say({ event: { ...event, kind: 'delete', target: change.key.id } })
	} else if (pollOf(content)) {
		keepPoll(key.id, key, message)
		say({ event: { ...event, kind: 'poll', text: pollOf(content).name } })
	} else if (content.pollUpdateMessage) {
		const { pollCreationMessageKey: target, vote } = content.pollUpdateMessage
		const chosen = await chosenIn(key, target, vote)
		say({ event: { ...event, kind: 'vote', text: chosen, target: target.id } })
	} else if (textOf(content)) {
		const target = content.extendedTextMessage?.contextInfo?.stanzaId
		say({ event: { ...event, kind: 'text', text: textOf(content), target: target ?? undefined } })
	}
}

function pollOf(content) {
	return content.pollCreationMessage || content.pollCreationMessageV3
}

function keepPoll(id, key, message) {
	const options = pollOf(message).options.map(option => option.optionName)
	polls.set(id, { key, secret: message.messageContextInfo.messageSecret, options })
}

function hash(option) {
	return createHash('sha256').update(option).digest()
}

/** Who wrote the poll and who votes, by LID and by number. No address means this account. */
async function both(author, voter) {
	const { user, signalRepository } = peer.sock
	const own = [jidNormalizedUser(user.lid), jidNormalizedUser(user.id)]
	const names = async jid => {
		if (!jid) return own
		const { lidMapping } = signalRepository
		const other = isLidUser(jid) ? await lidMapping.getPNForLID(jid) : await lidMapping.getLIDForPN(jid)
		const name = jidNormalizedUser(jid)
		const two = [name, other ? jidNormalizedUser(other) : name]
		return isLidUser(jid) ? two : two.reverse()
	}
	const [authors, voters] = [await names(author), await names(voter)]
	return authors.map((name, n) => [name, voters[n]])
}

/** The key that a vote is encrypted with, as in Baileys' own `decryptPollVote`, which has no counterpart. */
function voteKey(secret, id, author, voter) {
	const info = Buffer.concat([Buffer.from(id + author + voter + 'Poll Vote'), Buffer.from([1])])
	const key = hmacSign(info, hmacSign(secret, Buffer.alloc(32)))
	return { key, bound: Buffer.from(`${id}\0${voter}`) }
}

/** What a vote is for. */
async function chosenIn(key, target, vote) {
	const poll = polls.get(target.id)
	if (!poll) return 'a vote in a poll that is not known'
	const from = ({ fromMe, participant, remoteJid }) => (fromMe ? undefined : participant || remoteJid)
	let failure
	for (const [author, voter] of await both(from(poll.key), from(key))) {
		const about = { pollCreatorJid: author, pollMsgId: target.id, pollEncKey: poll.secret, voterJid: voter }
		try {
			const { selectedOptions } = decryptPollVote(vote, about)
			const hashes = selectedOptions.map(one => Buffer.from(one).toString('hex'))
			return poll.options.filter(option => hashes.includes(hash(option).toString('hex'))).join(' + ')
		} catch (error) {
			failure = error.message
		}
	}
	return failure
}

function textOf(content) {
	return content.conversation || content.extendedTextMessage?.text
}

const input = createInterface(process.stdin)
input.on('line', async text => {
	const { id, do: name, ...command } = JSON.parse(text)
	try {
		say({ answers: id, value: (await commands[name](command)) ?? '' })
	} catch (error) {
		say({ answers: id, error: `Baileys: ${name}: ${error.stack}` })
	}
})
input.on('close', () => process.exit(0))
