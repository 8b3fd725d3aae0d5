// A Baileys client pointed at wa-sim. Address, root key and trusted CA are all
// that differs from production, and they are given from outside.

import { Agent } from 'node:https'
import makeWASocket, { DisconnectReason, useMultiFileAuthState, WA_CERT_DETAILS } from 'baileys'

/** Bounds every wait for something Baileys should do. */
const TIMEOUT_MS = 30_000

/**
 * Makes every Baileys of this process trust this root instead of WhatsApp's. (7.0.0-rc14 takes any: its check of
 * signatures answers yes to all, so that the proof for the certificates is whatsmeow's.)
 */
export function trustRoot(hex) {
	WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(hex, 'hex')
}

export class Peer {
	#waiters = new Set()
	#log = []

	/**
	 * `folder` keeps the credentials: a peer made later from the same folder is the same device. `options` are Baileys' own;
	 * `listen` is given the event emitter of each new connection.
	 */
	constructor(sim, folder, options = {}, listen = () => {}) {
		Object.assign(this, { sim, folder, options, listen, updates: [], stopped: false })
	}

	/** Opens a connection; after the restart that follows pairing, opens it again, as every program on Baileys does. */
	async connect() {
		const { state, saveCreds } = await useMultiFileAuthState(this.folder)
		this.sock = makeWASocket({
			auth: state,
			waWebSocketUrl: this.sim.wss,
			agent: new Agent({ ca: this.sim.ca }),
			logger: memoryLogger(this.#log),
			...this.options
		})
		this.listen(this.sock.ev)
		this.sock.ev.on('creds.update', saveCreds)
		this.sock.ev.on('connection.update', update => {
			this.updates.push(update)
			if (statusOf(update) === DisconnectReason.restartRequired && !this.stopped) void this.connect()
			for (const waiter of this.#waiters) waiter()
		})
	}

	/** The value that `pick` finds in the first update it likes, past or future; each update is found once. */
	async update(what, pick) {
		const found = () => {
			for (const [index, update] of this.updates.entries()) {
				const value = pick(update)
				if (value) {
					this.updates.splice(index, 1)
					return value
				}
			}
		}
		return new Promise((resolve, reject) => {
			const finish = (settle, value) => {
				clearTimeout(timer)
				this.#waiters.delete(check)
				settle(value)
			}
			const check = () => {
				const value = found()
				if (value) finish(resolve, value)
			}
			const timer = setTimeout(() => {
				const log = this.#log.slice(-40).join('\n')
				finish(reject, new Error(`no ${what} within ${TIMEOUT_MS} ms; updates: ${JSON.stringify(this.updates)}\n${log}`))
			}, TIMEOUT_MS)
			this.#waiters.add(check)
			check()
		})
	}

	/** The text of the first QR code. */
	qr() {
		return this.update('QR code', update => update.qr)
	}

	/** Waits until logged in. */
	async open() {
		await this.update('login', update => update.connection === 'open')
	}

	/** Waits for the end of the connection and answers its status. */
	closed() {
		return this.update('end of connection', statusOf)
	}

	/** Whether nothing has ended the connection since it was opened. */
	get alive() {
		return this.sock.ws.isOpen && !this.updates.some(statusOf)
	}

	/** The same ping that Baileys sends every 30 s. */
	async ping() {
		const answer = await this.sock.query(
			{ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }, content: [{ tag: 'ping', attrs: {} }] },
			TIMEOUT_MS
		)
		return answer?.attrs.type === 'result'
	}

	/** Connects a stopped peer again and waits until it is logged in. */
	async again() {
		this.stopped = false
		this.updates = []
		await this.connect()
		await this.open()
	}

	/** Ends the connection, as the end of a program would. */
	async stop() {
		this.stopped = true
		await this.sock?.end(undefined)
	}
}

function statusOf({ connection, lastDisconnect }) {
	if (connection !== 'close') return undefined
	return lastDisconnect?.error?.output?.statusCode ?? 'closed'
}

/** A logger in Baileys' shape that keeps its lines for the message of a failing test. */
function memoryLogger(lines) {
	const write = level => (detail, message) => {
		lines.push([level, message, typeof detail === 'string' ? detail : JSON.stringify(detail)].filter(Boolean).join(' '))
	}
	const logger = { level: 'debug', child: () => logger }
	for (const level of ['debug', 'info', 'warn', 'error']) logger[level] = write(level)
	logger.trace = () => {}
	return logger
}
