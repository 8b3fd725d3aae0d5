// The page's life: a token is asked for and kept in a variable, the session's
// status is followed with requests that wait for changes, and each status
// chooses what is shown.

import { $, clock, code, complain, current, doubt, failure, left, linked, say, show, stage } from "./view.js";

let token = "";
let session = "default";
let follower = null; // ends the following when aborted
let skew = 0; // how far the gateway's clock is ahead of this one, in milliseconds
let expires = 0;
let whole = 180;
let pairing = null; // what the running pairing shows
let again = null; // how the last pairing was started
let notBefore = 0;

class Refusal extends Error {
	constructor(problem) {
		super(problem.detail);
		Object.assign(this, problem);
	}
}

// call asks the gateway, and throws a Refusal when it does not want to.
async function call(method, path, body, { signal, raw } = {}) {
	const response = await fetch(path, {
		method, signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
		headers: { Authorization: "Bearer " + token, ...(body && { "Content-Type": "application/json" }) },
		body: body && JSON.stringify(body),
	});
	const date = Date.parse(response.headers.get("Date"));
	if (!Number.isNaN(date)) skew = date + 500 - Date.now();
	if (response.ok) return raw ? response.blob() : response.status === 204 ? null : response.json();
	const problem = await response.json().catch(() => ({ detail: "The gateway answered " + response.status + ".", code: "" }));
	throw new Refusal({ status: response.status, ...problem });
}

const base = () => "/v1/sessions/" + encodeURIComponent(session);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// follow renders each status of the session, from now on.
async function follow() {
	follower?.abort();
	const mine = (follower = new AbortController());
	let version = 0;
	let failures = 0;
	while (!mine.signal.aborted) {
		try {
			const query = version ? `?wait=25s&version=${version}` : "";
			const status = await call("GET", base() + query, null, { signal: mine.signal });
			$("offline").hidden = true;
			failures = 0;
			if (status.version === version) continue;
			version = status.version;
			await render(status, mine.signal);
		} catch (error) {
			if (mine.signal.aborted) return;
			if (error instanceof Refusal && (error.status === 401 || error.status === 403 || error.status === 404)) {
				return leave(error.status === 404 ? "There is no session of this name." : error.message);
			}
			$("offline").hidden = false;
			version = 0;
			await pause(Math.min(8000, 500 * 2 ** failures++));
		}
	}
}

async function render(status, signal) {
	$("where").textContent = session;
	$("where").hidden = session === "default";
	$("leave").hidden = false;
	switch (status.state) {
	case "pairing":
		return renderPairing(status, signal);
	case "passkey_required":
		return renderPasskey(status);
	case "connected": case "connecting": case "disconnected":
		pairing = null;
		return linked(status);
	case "unlinked":
		return show("start");
	default:
		pairing = null;
		notBefore = (status.retryAfter ?? 0) > 0 ? Date.now() + status.retryAfter * 1000 : 0;
		tick(); // whether it can be tried again now is shown with the rest
		if (status.state === "stopped") again = { restart: true };
		else if (again?.restart) again = null;
		again ??= status.phoneNumber && status.method !== "qr" ? { method: "code", phoneNumber: status.phoneNumber } : null;
		return failure(status);
	}
}

async function renderPairing(status, signal) {
	const shows = status.stage === "code" || status.stage === "qr";
	if (!pairing || (shows && status.expiresAt !== pairing.expiresAt)) {
		if (status.stage === "requesting" || status.stage === "requested") {
			busy("Asking WhatsApp for a code…");
			return;
		}
		pairing = await call("GET", base() + "/pairing", null, { signal });
		if (pairing.qrCode && shows) await drawQR(signal);
	}
	const method = status.method ?? "code";
	if (shows) {
		expires = Date.parse(status.expiresAt);
		whole = method === "code" ? 180 : Math.max(1, Math.ceil((expires - Date.now() - skew) / 1000));
		tick();
	}
	if (method === "code" && pairing.pairingCode) {
		code(pairing.pairingCode);
		$("code-number").textContent = status.phoneNumber ?? "";
	}
	doubt(status.reason === "phone_not_finishing" ? status.detail : "");
	stage(method, status.stage);
	show(method);
}

async function drawQR(signal) {
	const picture = await call("GET", base() + "/pairing/qr?format=svg", null, { signal, raw: true });
	URL.revokeObjectURL($("qr").src);
	$("qr").src = URL.createObjectURL(picture);
}

function renderPasskey(status) {
	const confirm = status.passkey?.step === "confirm";
	$("passkey-required").hidden = confirm;
	$("passkey-confirm").hidden = !confirm;
	$("passkey-code").textContent = status.passkey?.display ?? "";
	expires = Date.parse(status.expiresAt);
	pairing = null;
	tick();
	show("passkey");
}

function busy(text) {
	$("busy-text").textContent = text;
	show("busy");
	say(text);
}

// tick shows the time that is left.
function tick() {
	const seconds = (expires - Date.now() - skew) / 1000;
	if (current() === "code" || current() === "qr" || pairing) left(pairing?.method === "qr" ? "qr" : "code", seconds, whole);
	if (current() === "passkey" || seconds > 0) $("passkey-left").textContent = clock(seconds);
	const wait = (notBefore - Date.now()) / 1000;
	$("failed-wait").hidden = wait <= 0;
	$("failed-wait").textContent = `Possible again in ${clock(wait)}.`;
	$("again").disabled = wait > 0;
}
setInterval(tick, 1000);

// begin starts a pairing; what comes of it is seen by following.
async function begin(request, complaint, field) {
	again = request;
	complain(complaint, "", field);
	const before = current();
	busy(request.method === "qr" ? "Asking WhatsApp for a QR code…" : "Asking WhatsApp for a code…");
	try {
		await call("POST", base() + "/pairing", request);
	} catch (error) {
		if (!(error instanceof Refusal)) {
			show("start");
			return complain(complaint, "The gateway does not answer.", field);
		}
		// What the session itself says of the failure is shown by following.
		const status = await call("GET", base()).catch(() => null);
		if (status && (status.state === "failed" || status.state === "expired")) return render(status);
		show(before === "failed" ? "start" : before);
		complain(complaint, error.message + (error.retryAfter > 60 ? ` (in ${clock(error.retryAfter)} minutes)` : ""), field);
	}
}

// act does something with a button that is not to be pressed twice.
async function act(button, complaint, path, body) {
	button.disabled = true;
	complain(complaint, "");
	try {
		await call("POST", base() + path, body);
	} catch (error) {
		complain(complaint, error.message);
	} finally {
		button.disabled = false;
	}
}

// leave forgets the token.
function leave(complaint) {
	follower?.abort();
	token = "";
	pairing = again = null;
	$("code").replaceChildren();
	delete $("code").dataset.code;
	$("leave").hidden = $("where").hidden = $("offline").hidden = true;
	show("token");
	complain("token-error", complaint, complaint && $("token"));
}

$("token-form").addEventListener("submit", async (event) => {
	event.preventDefault();
	token = $("token").value.trim();
	session = $("session").value.trim() || "default";
	if (!token) return complain("token-error", "A token is needed. The platform's team gives you one.", $("token"));
	try {
		await call("GET", base());
	} catch (error) {
		return complain("token-error", error instanceof Refusal ? error.message : "The gateway does not answer.", $("token"));
	}
	complain("token-error", "", $("token"));
	$("token").value = "";
	follow();
});

$("panel-code").addEventListener("submit", (event) => {
	event.preventDefault();
	const phoneNumber = $("number").value.trim();
	if (!phoneNumber) return complain("number-error", "Type the number of the WhatsApp account.", $("number"));
	begin({ method: "code", phoneNumber }, "number-error", $("number"));
});

function choose(tab) {
	for (const each of [$("tab-code"), $("tab-qr")]) {
		const chosen = each === tab;
		each.setAttribute("aria-selected", chosen);
		each.tabIndex = chosen ? 0 : -1;
		$(each.getAttribute("aria-controls")).hidden = !chosen;
	}
}
for (const tab of [$("tab-code"), $("tab-qr")]) {
	tab.addEventListener("click", () => choose(tab));
	tab.addEventListener("keydown", (event) => {
		if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
		event.preventDefault();
		const other = event.key === "Home" ? $("tab-code") : event.key === "End" ? $("tab-qr") : tab === $("tab-code") ? $("tab-qr") : $("tab-code");
		choose(other);
		other.focus();
	});
}

$("qr-start").addEventListener("click", () => begin({ method: "qr" }, "qr-error"));
$("again").addEventListener("click", () => (again?.restart ? act($("again"), "failed-hint", "/restart") : again ? begin(again, again.method === "qr" ? "qr-error" : "number-error") : show("start")));
$("instead").addEventListener("click", () => { choose($("tab-qr")); begin({ method: "qr" }, "qr-error"); });
$("leave").addEventListener("click", () => leave(""));
$("restart").addEventListener("click", () => act($("restart"), "done-error", "/restart"));
$("unlink").addEventListener("click", () => {
	if (confirm("Unlink this account? Messages are no longer sent or received until it is linked again.")) act($("unlink"), "done-error", "/logout");
});
$("passkey-same").addEventListener("click", () => act($("passkey-same"), "passkey-error", "/pairing/passkey", { confirm: true }));
for (const button of document.querySelectorAll("[data-cancel]")) {
	button.addEventListener("click", async () => {
		pairing = null;
		await call("DELETE", base() + "/pairing").catch(() => {});
	});
}
$("copy").addEventListener("click", async () => {
	const text = $("code").dataset.code;
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		getSelection().selectAllChildren($("code"));
		document.execCommand("copy");
		getSelection().removeAllRanges();
	}
	$("copy").textContent = "Copied";
	say("Copied");
	setTimeout(() => { $("copy").textContent = "Copy"; }, 2000);
});

fetch("/info").then((response) => response.json()).then((info) => {
	if (!/^https?:/.test(info.simulatorPage ?? "")) return;
	$("simulator").href = info.simulatorPage;
	$("simulator").hidden = false;
}).catch(() => {});
show("token");
