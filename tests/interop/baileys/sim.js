// Runs wa-sim and speaks its control API. peer.js wraps Baileys.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BUILT_BY_CARGO = fileURLToPath(new URL('../../../target/debug/wa-sim', import.meta.url))

/** Entering a code waits for the whole linking, which ends after 60 s at the latest. */
const CONTROL_TIMEOUT_MS = 75_000
// A pinned Baileys presents the version of its day, which WhatsApp refuses some months later.
const ANY_VERSION = ['--version-life-days', '0']

/** A running wa-sim process; its addresses, root key and CA are fields. */
export class Sim {
	/** Starts the binary named by WA_SIM, or the one cargo built. */
	static async start() {
		const sim = new Sim()
		sim.process = spawn(process.env.WA_SIM ?? BUILT_BY_CARGO, ['--exit-with-stdin', ...ANY_VERSION], {
			stdio: ['pipe', 'pipe', 'inherit']
		})
		const line = await new Promise((resolve, reject) => {
			sim.process.once('error', error => reject(new Error(`${error.message} (build it with \`cargo build -p wa-sim\`)`)))
			sim.process.once('exit', code => reject(new Error(`wa-sim ended with ${code} before it printed its addresses`)))
			createInterface(sim.process.stdout).once('line', resolve)
		})
		const { ws, wss, control, root_key, ca_pem } = JSON.parse(line)
		return Object.assign(sim, { ws, wss, control, rootKey: root_key, ca: ca_pem })
	}

	/** Closes wa-sim's standard input, which ends it, and kills it if it lingers. */
	async stop() {
		const ended = new Promise(resolve => this.process.once('exit', resolve))
		this.process.stdin.end()
		const timer = setTimeout(() => this.process.kill('SIGKILL'), 5_000)
		await ended
		clearTimeout(timer)
	}

	/** Creates a phone with a WhatsApp account. */
	async newPhone(number, name = 'Ada') {
		await this.call('POST', '/phones', { number, name })
		return new Phone(this, number)
	}

	async call(method, path, body) {
		const response = await fetch(this.control + path, {
			method,
			headers: { 'content-type': 'application/json' },
			body: body && JSON.stringify(body),
			signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS)
		})
		const text = await response.text()
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
		return text ? JSON.parse(text) : undefined
	}
}

/** A simulated phone, known by its number. */
class Phone {
	constructor(sim, number) {
		Object.assign(this, { sim, number })
	}

	/** Types a pairing code and answers what the phone says to it. */
	enter(code) {
		return this.#call('POST', '/enter', { code })
	}

	/** Points the camera at a QR code and answers what the phone says to it. */
	scan(qr) {
		return this.#call('POST', '/scan', { qr })
	}

	/** Logs all companions out from the phone's list of linked devices. */
	unlinkAll() {
		return this.#call('POST', '/unlink', { all: true })
	}

	/** The JIDs in the phone's list of linked devices. */
	async companions() {
		return (await this.#call('GET', '')).companions.map(companion => companion.jid)
	}

	#call(method, path, body) {
		return this.sim.call(method, `/phones/${this.number}${path}`, body)
	}
}
