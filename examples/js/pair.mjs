// Links a phone through the gateway, as a platform's own page or backend does:
// asks for a code, shows it, and asks every ten seconds whether it was typed.
//
//   GATEWAY_TOKEN=... node examples/js/pair.mjs [+1234567890]
//
// GATEWAY_URL is where the gateway is, http://127.0.0.1:8080 if not set, and
// GATEWAY_INTERVAL_MS the time between two questions.

const base = (process.env.GATEWAY_URL ?? "http://127.0.0.1:8080") + "/api/v1/whatsapp";
const token = process.env.GATEWAY_TOKEN ?? "";
const interval = Number(process.env.GATEWAY_INTERVAL_MS ?? 10_000);
const tries = 30;
const phoneNumber = process.argv[2] ?? "+15550001234";

async function post(path, body) {
	const response = await fetch(base + path, {
		method: "POST",
		headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
		body: JSON.stringify(body),
	});
	return response.json();
}

async function pair() {
	const asked = await post("/auth/phone", { phoneNumber });
	if (!asked.success) {
		const wait = asked.error?.retryAfter;
		throw new Error(asked.message + (wait ? ` (try again in ${wait} s)` : ""));
	}
	const code = asked.data.pairingCode;
	console.log(`On the phone ${phoneNumber}: WhatsApp, Settings, Linked devices, Link a device, Link with phone number instead.`);
	console.log(`The code: ${code.slice(0, 4)}-${code.slice(4)}`);

	for (let i = 0; i < tries; i++) {
		await new Promise((done) => setTimeout(done, interval));
		const verified = await post("/auth/verify", { phoneNumber, code });
		if (verified.success && verified.data.authenticated) {
			console.log(verified.message);
			return;
		}
		// A reason says that it will not come true any more.
		if (verified.data?.reason || !verified.data) throw new Error(verified.message);
	}
	throw new Error("The code was not typed in time.");
}

pair().catch((error) => {
	console.error(error.message);
	process.exitCode = 1;
});
