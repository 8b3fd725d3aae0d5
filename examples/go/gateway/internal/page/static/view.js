// What is on the page: one view at a time, filled from what the session's
// status says.

export const $ = (id) => document.getElementById(id);

const steps = { token: 0, start: 1, failed: 1, busy: 1, code: 2, qr: 2, passkey: 2, done: 3 };
let shown = "";

// show shows a view. When it is another one the focus goes to its heading, so
// that who does not see the page hears it.
export function show(view) {
	if (view === shown) return;
	const first = shown === "";
	shown = view;
	for (const section of document.querySelectorAll("[data-view]")) section.hidden = section.dataset.view !== view;
	[...$("steps").children].forEach((step, i) => {
		step.classList.toggle("past", i < steps[view]);
		if (i === steps[view]) step.setAttribute("aria-current", "step");
		else step.removeAttribute("aria-current");
	});
	const section = document.querySelector(`[data-view="${view}"]`);
	const heading = section.querySelector("h1");
	document.title = heading.textContent || "Link a phone";
	const field = section.querySelector("input:not(details input)");
	(field ?? heading).focus({ preventScroll: first });
	if (!first) scrollTo({ top: 0 });
}

export const current = () => shown;

// say has a screen reader say something.
export function say(text) {
	$("say").textContent = text;
}

// complain shows an error beside a field, or takes it away.
export function complain(id, text, field) {
	$(id).textContent = text ?? "";
	$(id).hidden = !text;
	if (field) {
		if (text) field.setAttribute("aria-invalid", "true");
		else field.removeAttribute("aria-invalid");
		if (text) field.focus();
	}
}

// code draws the characters of a code, in two groups.
export function code(text) {
	const box = $("code");
	if (box.dataset.code === text) return;
	box.dataset.code = text;
	box.setAttribute("aria-label", "Code: " + [...text].join(" "));
	const tiles = [...text].map((c) => Object.assign(document.createElement("b"), { textContent: c }));
	tiles.splice(4, 0, document.createElement("i"));
	box.replaceChildren(...tiles);
	say("The code is " + [...text.slice(0, 4)].join(" ") + ", " + [...text.slice(4)].join(" "));
}

const stages = {
	code: [["requested", "Code accepted by WhatsApp"], ["code", "Waiting for the phone"], ["phone_answered", "The phone answered"], ["linked", "Linked"], ["first_login", "Logging in"]],
	qr: [["requested", "QR code made"], ["qr", "Waiting for the scan"], ["linked", "Linked"], ["first_login", "Logging in"]],
};
const order = ["requesting", "requested", "code", "qr", "phone_answered", "finish_accepted", "linked", "first_login"];

// stage shows how far a pairing is.
export function stage(method, reached) {
	const list = $(method + "-stages");
	const at = order.indexOf(reached);
	let now = 0;
	stages[method].forEach(([name], i) => { if (order.indexOf(name) <= at) now = i; });
	if (list.dataset.now === String(now)) return;
	list.dataset.now = now;
	list.replaceChildren(...stages[method].map(([, text], i) => {
		const item = Object.assign(document.createElement("li"), { textContent: text, className: i < now ? "past" : "" });
		if (i === now) item.setAttribute("aria-current", "step");
		return item;
	}));
	if (now > 1) say(stages[method][now][1]);
}

export function clock(seconds) {
	const s = Math.max(0, Math.ceil(seconds));
	return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

// left shows how long a code is still good, and says it now and then.
export function left(method, seconds, whole) {
	seconds = Math.min(seconds, whole);
	$(method + "-left").textContent = seconds > 0 ? `${clock(seconds)} left` : "about to end";
	const bar = $(method + "-bar");
	bar.style.setProperty("--left", Math.min(1, Math.max(0, seconds / whole)).toFixed(4));
	bar.parentElement.classList.toggle("late", method === "code" && seconds < 30);
	const round = Math.ceil(seconds);
	if (method === "code" && (round === 60 || round === 30 || round === 10)) say(`${round} seconds left`);
}

const titles = {
	code_expired: "The code was not typed in time",
	qr_exhausted: "The QR code was not scanned in time",
	phone_did_not_finish: "That did not work",
	invalid_phone_number: "WhatsApp does not know this number",
	rejected_or_throttled: "WhatsApp gives no code for this number now",
	throttled: "Too many codes",
	rate_limited: "Too many attempts",
	whatsapp_unreachable: "WhatsApp cannot be reached",
	not_connected: "WhatsApp cannot be reached",
	server_not_trusted: "This is not WhatsApp, or the clock is wrong",
	passkey_required: "This account has a passkey",
	cancelled: "Linking was cancelled",
};
const hints = {
	code_expired: ["A code lives for three minutes.", "Open Linked devices on the phone first, then ask for the code."],
	phone_did_not_finish: ["Was it the code that is shown here last?", "Keep WhatsApp open on the phone until it says that the device is linked."],
	rejected_or_throttled: ["Check the number, the country code too.", "A QR code works without the number."],
	throttled: ["WhatsApp blocks numbers that ask too often; wait a little."],
	rate_limited: ["Wait, or use a QR code."],
	logged_out: ["The device was removed on the phone, or the phone was set up anew. Link it again to go on."],
};

// failure says what went wrong and what helps.
export function failure({ state, reason, detail }) {
	const loggedOut = state === "logged_out";
	$("failed-title").textContent = loggedOut ? "The phone was unlinked" : titles[reason] ?? "Linking failed";
	$("failed-text").textContent = detail || "Try again. If it keeps failing, use a QR code.";
	$("failed-hints").replaceChildren(...(hints[loggedOut ? "logged_out" : reason] ?? [])
		.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
	$("again").textContent = reason === "code_expired" ? "Get a new code" : loggedOut ? "Link again" : "Try again";
	show("failed");
}

// linked shows a session that has an account.
export function linked(status) {
	const connected = status.state === "connected";
	$("done-mark").classList.toggle("wait", !connected);
	$("done-title").textContent = connected ? "Connected" : status.state === "connecting" ? "Connecting…" : "Connection lost";
	$("done-text").textContent = connected ? "WhatsApp is linked to this platform. You can close this page."
		: status.state === "connecting" ? "The account is linked; the connection is being made."
		: "The account is still linked. The connection to WhatsApp is made again by itself.";
	$("done-number").textContent = status.phoneNumber ?? "";
	$("done-device").textContent = status.jid ?? "";
	$("done-since").textContent = new Date(status.since).toLocaleString();
	if (shown === "done") say($("done-title").textContent);
	show("done");
	document.title = $("done-title").textContent;
}
