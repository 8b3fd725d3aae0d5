// An unmodified Baileys pairs with wa-sim and logs in.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Peer, trustRoot } from './peer.js'
import { Sim } from './sim.js'

const UNLINKED = 401

let sim, folder
const peers = []

before(async () => {
	sim = await Sim.start()
	trustRoot(sim.rootKey)
	folder = await mkdtemp(join(tmpdir(), 'libwa-baileys-'))
})

after(async () => {
	await Promise.all(peers.map(peer => peer.stop()))
	await sim?.stop()
	await rm(folder, { recursive: true, force: true })
})

/** A peer whose credentials live under this name. */
async function connected(name) {
	const peer = new Peer(sim, join(folder, name))
	peers.push(peer)
	await peer.connect()
	return peer
}

/** Asks for a code as Baileys' documentation says: once the first QR is there. */
async function requestCode(peer, number) {
	await peer.qr()
	return peer.sock.requestPairingCode(number)
}

/** Both sides after a pairing: restarted, logged in, and listed by the phone. */
async function expectLinked(peer, phone, outcome) {
	assert.equal(outcome.outcome, 'linked')
	await peer.open()
	const { id, lid } = peer.sock.user
	assert.equal(id, outcome.device)
	assert.match(lid, /^\d+:\d+@lid$/)
	assert.deepEqual(await phone.companions(), [id])
	for (let count = 0; count < 3; count++) assert.ok(await peer.ping())
}

test('pairs by code, logs in again, logs out', async () => {
	const number = '15550003001'
	const phone = await sim.newPhone(number)
	const peer = await connected('code')
	await expectLinked(peer, phone, await phone.enter(await requestCode(peer, number)))
	assert.equal(await peer.closed(), 515)
	assert.ok(peer.alive)

	// A new process with the same folder logs in without pairing.
	await peer.stop()
	const again = await connected('code')
	await again.open()
	assert.ok((await again.ping()) && again.alive)

	await again.sock.logout()
	assert.equal(await again.closed(), UNLINKED)
	const refused = await connected('code')
	assert.equal(await refused.closed(), UNLINKED)
	assert.deepEqual(await phone.companions(), [])
})

test('pairs by QR, is unlinked by the phone', async () => {
	const phone = await sim.newPhone('15550003002')
	const peer = await connected('qr')
	await expectLinked(peer, phone, await phone.scan(await peer.qr()))
	assert.equal(await peer.closed(), 515)
	assert.ok(peer.alive)

	await phone.unlinkAll()
	assert.equal(await peer.closed(), UNLINKED)
	assert.deepEqual(await phone.companions(), [])
})

test('a wrong code, then the right one', async () => {
	const number = '15550003003'
	const phone = await sim.newPhone(number)
	const peer = await connected('wrong')
	const code = await requestCode(peer, number)
	assert.equal((await phone.enter('1111-1111')).outcome, 'wrong_code')
	assert.deepEqual(await phone.companions(), [])
	await expectLinked(peer, phone, await phone.enter(code))
})

test('unlinked while offline', async () => {
	const number = '15550003004'
	const phone = await sim.newPhone(number)
	const peer = await connected('offline')
	await expectLinked(peer, phone, await phone.enter(await requestCode(peer, number)))
	await peer.stop()
	await phone.unlinkAll()
	const again = await connected('offline')
	assert.equal(await again.closed(), UNLINKED)
})
