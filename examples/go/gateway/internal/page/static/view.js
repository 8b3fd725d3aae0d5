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

// doubt says that the phone answered and does not finish, while it is so.
export function doubt(text) {
	if ($("code-doubt").textContent === text) return;
	$("code-doubt").textContent = text;
	$("code-doubt").hidden = !text;
}

// What is shown of a failure: a title, what the gateway says of it unless the
// title says that already, and what helps besides. Each thing is said once.
const failures = {
	code_expired: { title: "The code was not typed in time", text: "A code lives for three minutes. Open Linked devices on the phone first, then ask for the code." },
	qr_exhausted: { title: "The QR code was not scanned in time", text: "Open the camera under Linked devices on the phone first, then show a new one." },
	phone_did_not_finish: { title: "That did not work", hint: "Keep WhatsApp open on the phone until it says that the device is linked." },
	invalid_phone_number: { title: "WhatsApp does not know this number" },
	rejected_or_throttled: { title: "No code for this number" },
	throttled: { title: "Please wait" },
	rate_limited: { title: "Please wait" },
	whatsapp_unreachable: { title: "No connection" },
	not_connected: { title: "No connection" },
	server_not_trusted: { title: "This is not WhatsApp" },
	passkey_required: { title: "This account has a passkey" },
	cancelled: { title: "Linking was cancelled", text: "" },
	code_lost: { title: "The code was lost" },
	logged_out_account_locked: { title: "WhatsApp has locked the account" },
	logged_out_account_banned: { title: "WhatsApp has banned the account" },
	log_full: { title: "The gateway's disk is full" },
};

// failure says what went wrong and what helps.
export function failure({ state, reason, detail }) {
	const loggedOut = state === "logged_out";
	const stopped = state === "stopped";
	const known = stopped ? { title: "The session is stopped" } : failures[reason] ?? { title: loggedOut ? "Not linked any more" : "Linking failed" };
	$("failed-title").textContent = known.title;
	complain("failed-text", known.text ?? (detail || "Try again. If it keeps failing, use a QR code."));
	complain("failed-hint", known.hint);
	$("instead").hidden = stopped;
	$("again").textContent = stopped ? "Restart" : reason === "code_expired" ? "Get a new code" : loggedOut ? "Link again" : "Try again";
	show("failed");
}

// linked shows a session that has an account.
export function linked(status) {
	const connected = status.state === "connected";
	$("done-mark").classList.toggle("wait", status.state === "connecting");
	$("done-mark").classList.toggle("lost", status.state === "disconnected");
	$("done-title").textContent = connected ? "Connected" : status.state === "connecting" ? "Connecting…" : "Connection lost";
	$("done-text").textContent = connected ? "WhatsApp is linked to this platform. You can close this page."
		: status.state === "connecting" ? "The account is linked; the connection is being made."
		: !status.givenUp ? "The account is still linked. The connection to WhatsApp is made again by itself."
		: status.resumesAt ? `The account is still linked. The connection is tried again at ${new Date(status.resumesAt).toLocaleTimeString()}.`
		: "The account is still linked, but the connection was given up. Restart the session to try again.";
	complain("done-why", status.state === "disconnected" ? status.detail || status.cause : "");
	$("done-number").textContent = status.phoneNumber ?? "";
	// A line may end before the @ of a long address.
	$("done-device").replaceChildren(...(status.jid ?? "").split(/(?=@)/).flatMap((part) => [part, document.createElement("wbr")]));
	$("done-since").textContent = new Date(status.since).toLocaleString();
	if (shown === "done") say($("done-title").textContent);
	show("done");
	document.title = $("done-title").textContent;
}
