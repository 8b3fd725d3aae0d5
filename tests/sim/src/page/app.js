// The page with the simulated phones. It only speaks the control API; everything it can do a script can do, too.

const $ = id => document.getElementById(id)
const state = { phones: [], chosen: location.hash.slice(1) || null, view: 'devices', busy: false, result: null, last: 0 }

async function api(method, path, body) {
	const response = await fetch(path, { method, body: body && JSON.stringify(body) })
	const answer = await response.json()
	if (!response.ok) throw new Error(answer.message ?? answer.error)
	return answer
}

function element(tag, attributes = {}, ...children) {
	const node = document.createElement(tag)
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith('on')) node.addEventListener(key.slice(2), value)
		else if (value !== null && value !== false) node.setAttribute(key, value)
	}
	node.append(...children)
	return node
}

const chosen = () => state.phones.find(phone => phone.number === state.chosen)
const time = ms => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })

// Phones ------------------------------------------------------------------------------------------------------------

function choose(number) {
	Object.assign(state, { chosen: number, view: 'devices', result: null })
	history.replaceState(null, '', `#${number}`)
	drawn.clear()
	draw()
}

$('new-phone').addEventListener('submit', async event => {
	event.preventDefault()
	const form = event.target
	const error = form.querySelector('.error')
	const number = form.number.value.trim()
	try {
		await api('POST', '/phones', { number, name: form.name.value.trim() || 'Ada' })
		error.hidden = true
		form.reset()
		await refresh()
		choose(number)
	} catch (problem) {
		error.textContent = problem.message
		error.hidden = false
	}
})

// Linking -----------------------------------------------------------------------------------------------------------

function show(view) {
	state.view = view
	if (view !== 'devices') state.result = null
	draw()
	if (view === 'code') boxes[0].focus()
	if (view === 'scan') $('qr').focus()
}

async function attempt(path, body) {
	const number = state.chosen
	state.busy = true
	draw()
	let result
	try {
		const outcome = await api('POST', `/phones/${number}/${path}`, body)
		result = { good: outcome.outcome === 'linked', text: outcome.message, again: outcome.outcome === 'wrong_code' }
	} catch (problem) {
		result = { good: false, text: problem.message }
	}
	state.busy = false
	clearBoxes()
	$('qr').value = ''
	if (state.chosen === number) Object.assign(state, { view: 'devices', result })
	await refresh()
}

$('link').addEventListener('click', () => show(chosen()?.request ? 'code' : 'scan'))
$('notice').addEventListener('click', () => show('code'))
$('to-code').addEventListener('click', () => show('code'))
$('to-scan').addEventListener('click', () => show('scan'))
$('back').addEventListener('click', () => show('devices'))
$('view-scan').addEventListener('submit', event => {
	event.preventDefault()
	const qr = $('qr').value.trim()
	if (qr) attempt('scan', { qr })
})
$('unlink-all').addEventListener('click', () => unlink({ all: true }))
$('passkey-ask').addEventListener('click', event => {
	const same = event.target.dataset.same
	if (same) api('POST', `/phones/${state.chosen}/confirm`, { same: same === 'true' }).catch(() => {})
})

async function unlink(which) {
	await api('POST', `/phones/${state.chosen}/unlink`, which).catch(() => {})
	state.result = null
	await refresh()
}

// The eight boxes: one character each, as on a phone. The whole code can be pasted into any of them.
const boxes = Array.from({ length: 8 }, (_, position) =>
	element('input', {
		maxlength: 1,
		autocomplete: 'off',
		autocapitalize: 'characters',
		spellcheck: 'false',
		'aria-label': `Character ${position + 1} of 8`,
		oninput: event => type(position, event.target.value),
		onkeydown: event => {
			if (event.key === 'Backspace' && !event.target.value && position > 0) boxes[position - 1].focus()
			if (event.key === 'ArrowLeft' && position > 0) boxes[position - 1].focus()
			if (event.key === 'ArrowRight' && position < 7) boxes[position + 1].focus()
		},
		onpaste: event => {
			event.preventDefault()
			type(position, event.clipboardData.getData('text'))
		}
	})
)
$('boxes').append(...boxes.slice(0, 4), element('span', {}, '–'), ...boxes.slice(4))
$('view-code').addEventListener('submit', event => event.preventDefault())

function clearBoxes() {
	for (const box of boxes) box.value = ''
}

function type(position, text) {
	const characters = text.replace(/[^0-9a-z]/gi, '').toUpperCase().slice(0, 8 - position)
	boxes[position].value = ''
	for (const [offset, character] of [...characters].entries()) boxes[position + offset].value = character
	boxes[Math.min(position + characters.length, 7)].focus()
	const code = boxes.map(box => box.value).join('')
	if (code.length === 8 && !state.busy) attempt('enter', { code })
}

// Drawing -----------------------------------------------------------------------------------------------------------

// A part is drawn anew only if what it shows has changed, so that focus and selection stay where they are.
const drawn = new Map()
function part(id, shown, make) {
	const key = JSON.stringify(shown)
	if (drawn.get(id) === key) return
	drawn.set(id, key)
	$(id).replaceChildren(...make())
}

function draw() {
	part('phones', [state.phones.map(({ number, name, companions }) => [number, name, companions.length]), state.chosen], () =>
		state.phones.map(phone =>
			element('li', {}, element('button', {
				onclick: () => choose(phone.number), 'aria-current': phone.number === state.chosen && 'true'
			},
				element('span', { class: 'avatar', 'aria-hidden': 'true' }, [...phone.name][0] ?? '?'),
				element('strong', {}, phone.name),
				element('small', {}, `+${phone.number}`),
				phone.companions.length ? element('span', { class: 'badge', title: 'linked devices' }, phone.companions.length) : ''
			))
		)
	)
	const phone = chosen()
	$('handset').hidden = !phone
	$('empty').hidden = Boolean(phone)
	if (!phone) return
	const view = state.busy ? 'busy' : state.view
	for (const name of ['devices', 'scan', 'code', 'busy']) $(`view-${name}`).hidden = name !== view
	$('title').textContent = { devices: 'Linked devices', scan: 'Scan QR code', code: 'Enter code', busy: 'Link a device' }[view]
	$('owner').textContent = `${phone.name} · +${phone.number}`
	$('back').hidden = view === 'devices' || view === 'busy'
	$('clock').textContent = new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false })

	$('notice').hidden = !phone.request
	$('notice-display').textContent = phone.request?.display ?? ''
	$('asking').textContent = phone.request ? `${phone.request.display} is asking` : 'No device is asking for this number yet'
	$('result').hidden = !state.result
	$('result').textContent = state.result?.text ?? ''
	$('result').classList.toggle('good', Boolean(state.result?.good))

	const passkey = phone.screen.name === 'passkey'
	$('passkey').hidden = !passkey
	$('passkey-code').textContent = phone.screen.code ?? ''
	$('passkey-ask').hidden = !phone.switches.passkey_ask

	$('devices-title').hidden = $('unlink-all').hidden = phone.companions.length === 0
	part('devices', [state.chosen, phone.companions.map(({ device, os, platform, online, linked_ms }) => [device, os, platform, online, linked_ms])], () =>
		phone.companions.map(companion => {
			const kind = companion.platform.toLowerCase().replaceAll('_', ' ')
			return element('li', {},
				element('span', { class: 'icon', 'aria-hidden': 'true' }, String(companion.device)),
				element('strong', {}, companion.os || 'Device'),
				element('small', {}, `${kind[0].toUpperCase()}${kind.slice(1)} · `,
					companion.online ? element('span', { class: 'online' }, 'active now') : `since ${time(companion.linked_ms).slice(0, 5)}`),
				element('button', { onclick: () => unlink({ device: companion.device }), 'aria-label': `Log out device ${companion.device}` }, 'Log out')
			)
		})
	)
}

// Activity ----------------------------------------------------------------------------------------------------------

async function follow() {
	const log = await api('GET', `/log?after=${state.last}`)
	if (log.last < state.last) $('log').replaceChildren()
	state.last = log.last
	for (const entry of log.entries.slice(-60)) {
		const text = entry.text ?? entry.xml
		const line = text.length > 140 ? `${text.slice(0, 140)}…` : text
		$('log').prepend(element('li', {}, element('time', {}, time(entry.ms)), element('span', { class: entry.dir }, line)))
	}
	while ($('log').children.length > 80) $('log').lastChild.remove()
}

async function refresh() {
	state.phones = (await api('GET', '/phones')).phones
	if (!chosen() && state.phones.length) state.chosen = state.phones[0].number
	draw()
}

async function tick() {
	try {
		await Promise.all([refresh(), follow()])
	} catch {
		// The simulator is being restarted, most likely; the next tick tells.
	}
	setTimeout(tick, 700)
}

const info = await api('GET', '/info')
for (const [key, label] of Object.entries({ ws: 'WebSocket', wss: 'WebSocket with TLS', control: 'Control API', root_key: 'Noise root key' })) {
	$('info').append(element('dt', {}, label), element('dd', {}, info[key]))
}
tick()
