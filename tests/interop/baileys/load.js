// The Baileys host of the benchmarks in tests/benches/messages; host.c there says what it does. Its store is the one that
// Baileys brings: files, which are not flushed to the disk.

import { createInterface } from 'node:readline'
import { Peer, trustRoot } from './peer.js'

trustRoot(process.env.WA_ROOT)
for (const method of ['log', 'info', 'warn', 'error']) console[method] = () => {}
const say = line => process.stdout.write(line + '\n')

/** Texts that came, and who waits for how many. */
let texts = 0
let wanted = Infinity
let enough = () => {}

function listen(ev) {
	ev.on('messages.upsert', ({ messages }) => {
		for (const { message, key } of messages) {
			if (message?.conversation && !key.fromMe) texts++
		}
		if (texts >= wanted) enough()
	})
}

const options = { shouldSyncHistoryMessage: () => false, agent: undefined, getMessage: async () => undefined }
const peer = new Peer({ wss: process.env.WA_URL }, process.env.WA_FOLDER, options, listen)

const commands = {
	async receive(count) {
		wanted = Number(count)
		await new Promise(resolve => {
			enough = resolve
			if (texts >= wanted) resolve()
		})
		texts -= wanted
		wanted = Infinity
	},
	async send(count, at, ...chats) {
		const sender = async first => {
			for (let number = first; number < count; number += Number(at)) {
				// It answers when the message has been written to the socket; the server's word comes as an update.
				await taken(chats[number % chats.length], { text: `#${number} a text of thirty-two bytes` })
			}
		}
		await Promise.all(Array.from({ length: Number(at) }, (_, first) => sender(first)))
	},
	async offline() {
		await peer.stop()
	},
	async online() {
		await peer.again()
	}
}

/** Sends, and waits until the server has it. */
async function taken(chat, content) {
	const early = new Set()
	let id
	await new Promise((resolve, reject) => {
		const acknowledged = node => {
			if (node.attrs.class !== 'message') return
			early.add(node.attrs.id)
			if (id && early.has(id)) done()
		}
		const done = () => {
			peer.sock.ws.off('CB:ack', acknowledged)
			resolve()
		}
		peer.sock.ws.on('CB:ack', acknowledged)
		peer.sock.sendMessage(chat, content).then(({ key }) => {
			id = key.id
			if (early.has(id)) done()
		}, reject)
	})
}

await peer.connect()
say(`qr ${await peer.qr()}`)
await peer.open()
peer.sock.ev.emit('creds.update', { me: { ...peer.sock.authState.creds.me, name: 'Baileys' } })
await peer.sock.sendPresenceUpdate('available')
say('ready')
for await (const line of createInterface(process.stdin)) {
	const [name, ...words] = line.split(' ')
	await commands[name](...words)
	say('done')
}
process.exit(0)
