/* libwa links a program to WhatsApp as a companion device.
 *
 * This is an unofficial client: WhatsApp can ban accounts that use one.
 *
 * It is built and tested on Linux with glibc 2.36 (Debian 12) for x86-64, and
 * needs the glibc of the machine that built it, or a newer one. Not tested:
 * other processors of 64 bits (of 32 bits it does not build), other libcs,
 * macOS, Windows.
 *
 * ---------------------------------------------------------------------------
 * The life of a client
 * ---------------------------------------------------------------------------
 *
 * A whole program: it links to an account by a code that the user types into
 * the phone, and says when it is ready. Run again, it is ready at once. Build
 * it with: cc link.c $(pkg-config --cflags --libs wa)
 *
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *     #include <wa.h>
 *
 *     static int failed(wa_error *error)
 *     {
 *         fprintf(stderr, "%s: %s\n", wa_error_name(error),
 *                 wa_error_text(error));
 *         wa_error_free(error);
 *         return EXIT_FAILURE;
 *     }
 *
 *     int main(int argc, char **argv)
 *     {
 *         wa_error *error = NULL;
 *         wa_client *client = NULL;
 *         wa_config *config = wa_config_new();
 *         const char *phone = argc > 1 ? argv[1] : NULL;
 *         int ready = 0, over = 0;
 *
 *         if (wa_config_set(config, "store.url", "sqlite:link.db", &error)
 *                 // this program ends with its connection; most make it again
 *                 || wa_config_set(config, "reconnect.auto", "false", &error)
 *                 || wa_client_new(config, NULL, &client, &error)
 *                 || wa_client_connect(client, &error))
 *             return failed(error);
 *         wa_config_free(config);
 *
 *         if (!wa_client_is_linked(client)
 *                 && wa_request_pairing(client, phone, NULL, NULL, &error))
 *             return failed(error);
 *
 *         while (!ready && !over) {
 *             wa_event *event = NULL;
 *             wa_status status = wa_poll_event(client, -1, &event, &error);
 *
 *             if (status == WA_CLOSED)
 *                 break;
 *             if (status != WA_OK)
 *                 return failed(error);
 *             switch (wa_event_type(event)) {
 *             case WA_EVENT_PAIRING_CODE:
 *                 printf("Type into the phone: %s\n",
 *                        wa_event_code_display(event));
 *                 fflush(stdout);
 *                 break;
 *             case WA_EVENT_READY:
 *                 printf("Ready, as %s\n", wa_event_jid(event));
 *                 ready = 1;
 *                 break;
 *             case WA_EVENT_PAIRING_EXPIRED:
 *             case WA_EVENT_PAIRING_ERROR:
 *                 fprintf(stderr, "%s %s\n", wa_event_user_text(event),
 *                         wa_event_text(event) ? wa_event_text(event) : "");
 *                 over = !wa_event_is_refreshing(event);
 *                 break;
 *             case WA_EVENT_LOGGED_OUT:
 *             case WA_EVENT_RESTRICTED:
 *                 if (wa_event_is_redelivered(event))
 *                     break; // of an earlier run: the past
 *                 fprintf(stderr, "%s\n", wa_event_user_text(event));
 *                 over = wa_event_type(event) == WA_EVENT_LOGGED_OUT;
 *                 break;
 *             case WA_EVENT_CONNECTION:
 *                 if (wa_event_is_final(event)) {
 *                     fprintf(stderr, "%s\n", wa_event_text(event));
 *                     over = 1;
 *                 }
 *                 break;
 *             default: // every program meets types that it does not know
 *                 break;
 *             }
 *             wa_event_ack(event);
 *             wa_event_free(event);
 *         }
 *         wa_client_free(client);
 *         return ready ? EXIT_SUCCESS : EXIT_FAILURE;
 *     }
 *
 * ---------------------------------------------------------------------------
 * Requests, events, acknowledgement
 * ---------------------------------------------------------------------------
 *
 * What is asked of a client returns at once with the number of the request.
 * Everything else comes as events, out of the client's own queue or out of one
 * that clients share. Each accepted request is answered by exactly one
 * `result` event with its number, also when the client closes before. It comes
 * out of the same queue: compare wa_event_request with the number, then read
 * wa_event_status, wa_event_text and wa_event_result. An error that a call
 * returns is the whole answer: no request was made, no `result` follows.
 *
 * The functions say what they return, and what their result says beside WA_OK.
 * The result of any request can also say WA_ERROR_CANCELLED,
 * WA_ERROR_CLIENT_CLOSED, WA_ERROR_LOGGED_OUT, or, if the store fails
 * meanwhile, WA_ERROR_STORE, WA_ERROR_STORE_FULL and the like.
 *
 * When the store fails, the connection is given up, and each open request is
 * answered by what becomes of it. A message that is in the store already stays
 * there: its request stays open, and is answered when it has gone out, or has
 * failed, on a later connection; at a close before that it is answered as any
 * other, and the message goes out when the session is opened again. What is
 * answered with an error of the store is not done, and is not done later: it
 * can be asked for again. One text alone says otherwise: that it is not known
 * what is stored. Send such a message again under its id.
 *
 * Durable events (wa_event_is_durable) are kept in the store until they are
 * acknowledged with wa_event_ack; after a crash they come again, with
 * wa_event_is_redelivered. A message that comes again is still to be handled.
 * A `logged_out` or `restricted` that comes again tells of an earlier run and
 * ends nothing now: acknowledge it, and go by wa_client_is_linked and by what
 * this run's connection brings. What still holds, the server says again.
 *
 * A wait, for `ready` say, ends with the first of these: what it waits for; a
 * `connection` event with wa_event_is_final, whose status says why; a
 * `logged_out` that is not redelivered; WA_CLOSED. No event that
 * answers a request is ever dropped. If nobody polls, the oldest of those that
 * may be dropped are, and an `overflow` event counts them.
 *
 * ---------------------------------------------------------------------------
 * Handles, ownership, NULL
 * ---------------------------------------------------------------------------
 *
 * wa_config, wa_queue, wa_client, wa_event and wa_error are handles: checked
 * with every call, never followed. A handle that is NULL, freed, of another
 * kind or never was one gives WA_ERROR_INVALID_HANDLE, or from a function that
 * returns no status NULL, 0 or false. Nothing is freed twice.
 *
 * These words are used, and no others. "The caller owns it and frees it with
 * X()": new handles and taken events. "Borrowed from E, valid until X(E)":
 * every text and byte that is handed out. There is no text to free.
 *
 * A pointer argument may be NULL where its comment says so; elsewhere NULL is
 * WA_ERROR_INVALID_ARGUMENT. Results are the last arguments and are written
 * only on WA_OK. Unless a comment says otherwise, the arguments client, config
 * and event are what the function works on, and error is where an error object
 * goes: it may be NULL, and is set to NULL or to a new object that the caller
 * frees. All functions are there since version 0.1.0.
 *
 * Text is UTF-8 and ends with a NUL, in both directions. Times are int64_t
 * milliseconds since 1970 UTC, durations milliseconds in 32 bits.
 *
 * Every function that returns a wa_status, but for wa_error_status and
 * wa_event_status, which read one, can also return WA_ERROR_FORKED and
 * WA_ERROR_PANIC, which is a fault of the library: it is caught, not printed.
 *
 * ---------------------------------------------------------------------------
 * Threads
 * ---------------------------------------------------------------------------
 *
 * Any function may be called from any thread, at any time. There are no
 * callbacks, so no thread of the library ever runs code of the program. An
 * event belongs to one thread at a time: text borrowed from it needs that no
 * other thread frees it meanwhile. The same goes for error objects.
 *
 * The library's own threads block every signal, so that signals of the process
 * go to the program's threads only; a lost connection raises no SIGPIPE. A
 * signal that the system forces upon one of these threads ends the process
 * without a handler: SIGSYS where a seccomp filter traps a system call (such a
 * filter should answer with an error instead), SIGSEGV or SIGBUS after a fault.
 *
 * A call takes at most 64 KiB of stack of the thread that makes it. Where the
 * system refuses a thread, wa_client_new answers WA_ERROR_SYSTEM and leaves
 * nothing behind; an open client tells in a `connection` event that it needed
 * one.
 *
 * These threads have the scheduling and the processors of the thread that makes
 * the first client. Where memory runs out, the process is aborted, and the Rust
 * runtime says so on standard error.
 *
 * A thread is not cancelled within a call: pthread_cancel takes effect behind
 * it. wa_queue_wake ends a wait. A program that changes its root or its user
 * does so before it makes a client: the store is opened by its path again.
 *
 * ---------------------------------------------------------------------------
 * Calls that wait
 * ---------------------------------------------------------------------------
 *
 * wa_poll_event and wa_queue_poll wait for as long as they are told to.
 * wa_client_new waits for its store to be opened, which takes a disk some
 * milliseconds, and as long as an earlier client of the same file still closes
 * it. wa_client_free waits for what is under way, about three seconds at most.
 * No other call waits for the network, the disk or another thread's work.
 *
 * ---------------------------------------------------------------------------
 * Stopping
 * ---------------------------------------------------------------------------
 *
 * wa_client_close asks a client to stop; its last event is `closed`, and then
 * its queue answers WA_CLOSED. wa_client_free closes and frees in one go, from
 * any thread and in any state, and lets waiting threads go. The session stays
 * in the store; wa_logout ends it for good. With the last client the library's
 * threads end.
 *
 * ---------------------------------------------------------------------------
 * Fork and unloading
 * ---------------------------------------------------------------------------
 *
 * Create clients after a fork, not before. In the child of a process that used
 * the library every function answers WA_ERROR_FORKED, or NULL, 0 or false, and
 * never waits; the child may exec or exit as it likes. The library cannot be
 * unloaded: dlclose leaves it where it is. Besides its store it touches
 * nothing of the process: no signals, no output, no environment.
 */


#ifndef WA_H
#define WA_H

/* Made by cbindgen from src/ffi. Do not edit:
 * cargo run -p libwa-generator */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Marks functions whose result tells whether they did anything. */
#if defined(__GNUC__) || defined(__clang__)
#define WA_MUST_USE __attribute__((warn_unused_result))
#else
#define WA_MUST_USE
#endif


/* ---- Types of events ----------------------------------------------------- */

/** Event `connection`: The connection changed its state. */
#define WA_EVENT_CONNECTION 100

/** Event `ready`: The session is linked, logged in and ready for use. Comes
 * after every login. */
#define WA_EVENT_READY 101

/** Event `logged_out`: The session was logged out and its keys are erased. The
 * result of a logout comes before it; `closed` follows, and results of
 * requests that came too late. */
#define WA_EVENT_LOGGED_OUT 102

/** Event `restricted`: The server restricts the account or the client. */
#define WA_EVENT_RESTRICTED 103

/** Event `pairing.code`: A pairing code that the server has accepted: show it
 * to the user. */
#define WA_EVENT_PAIRING_CODE 200

/** Event `pairing.qr`: A QR code to show. Each one replaces the one before. */
#define WA_EVENT_PAIRING_QR 201

/** Event `pairing.progress`: A pairing went one step on. */
#define WA_EVENT_PAIRING_PROGRESS 202

/** Event `pairing.expired`: A code ended unused, or all QR codes were shown. */
#define WA_EVENT_PAIRING_EXPIRED 203

/** Event `pairing.error`: A pairing failed, or an attempt of it did. */
#define WA_EVENT_PAIRING_ERROR 204

/** Event `pairing.passkey`: The account wants a passkey to confirm this
 * device. */
#define WA_EVENT_PAIRING_PASSKEY 205

/** Event `pairing.success`: The phone linked this device. `ready` follows
 * after the first login. */
#define WA_EVENT_PAIRING_SUCCESS 206

/** Event `message`: A message came: from a person, in a group, or from another
 * device of this account. */
#define WA_EVENT_MESSAGE 300

/** Event `message.unreadable`: A message came that cannot be read. If it can
 * be read later, `message` brings it. */
#define WA_EVENT_MESSAGE_UNREADABLE 301

/** Event `message.waiting`: A message that was to be sent waits for its turn.
 * Its request goes on, and can be cancelled. */
#define WA_EVENT_MESSAGE_WAITING 302

/** Event `receipt`: Messages were delivered or read. */
#define WA_EVENT_RECEIPT 310

/** Event `chat.activity`: A person is writing or recording, or stopped. */
#define WA_EVENT_CHAT_ACTIVITY 320

/** Event `presence`: A person came online or went, as far as they show it.
 * Asked for with `presence.subscribe`. */
#define WA_EVENT_PRESENCE 321

/** Event `group.update`: A group changed: its members, its name, its settings.
 */
#define WA_EVENT_GROUP_UPDATE 330

/** Event `call`: A person calls. Calls cannot be taken here. */
#define WA_EVENT_CALL 340

/** Event `identity.changed`: A person has a new identity key: a new phone, or
 * a new installation. Their messages are still encrypted end to end. */
#define WA_EVENT_IDENTITY_CHANGED 350

/** Event `result`: The one answer to a request. */
#define WA_EVENT_RESULT 400

/** Event `overflow`: Events were dropped because nobody took them; stands
 * where the first of them stood. */
#define WA_EVENT_OVERFLOW 500

/** Event `log`: A line of the library's log; see the key `log.level`. */
#define WA_EVENT_LOG 501

/** Event `closed`: The client is closed. Always its last event. */
#define WA_EVENT_CLOSED 502

/** The major version the header was made for. */
#define WA_VERSION_MAJOR 0

/** The minor version the header was made for. Before 1.0.0 a new minor version
 * may change the interface, and the SONAME says so. */
#define WA_VERSION_MINOR 1

/** The patch version the header was made for. */
#define WA_VERSION_PATCH 0

/** The version the header was made for, as wa_version_number gives it: major *
 * 1000000 + minor * 1000 + patch. */
#define WA_VERSION_NUMBER 1000

/* ---- Handles ------------------------------------------------------------- */

/** One session: a device linked, or to be linked, to one WhatsApp account.
 *
 * Made with wa_client_new(), stopped with wa_client_close(), freed with
 * wa_client_free(). Everything that happens to it comes as events out of its
 * queue. Each request returns at once with its number, and exactly one `result`
 * event answers that number.
 *
 * Threads: any function from any thread. A call in progress keeps the client
 * alive while another thread frees it; a later call answers
 * WA_ERROR_INVALID_HANDLE. */
typedef struct wa_client wa_client;

/** A set of configuration values under text keys; CONFIGURATION.md and
 * wa_reference_json() list them. Every value is checked when it is set, and
 * every key has a default.
 *
 * Made with wa_config_new(), freed with wa_config_free(). A client copies what
 * it needs: the object may be changed or freed as soon as wa_client_new() has
 * returned, and may serve for many clients. */
typedef struct wa_config wa_config;

/** The reason why a call failed: code, name, text, what it concerns, whether
 * and when to try again.
 *
 * Every function that takes a `wa_error **` sets it to NULL when there is
 * nothing to say, and to a new error object when it failed. The caller owns
 * that object and frees it with wa_error_free(). Pass NULL if you only need
 * the status code. An error object depends on nothing: it outlives the client,
 * the configuration and the call it is about.
 *
 * Threads: any function from any thread; borrowed text needs that no other
 * thread frees the object meanwhile. */
typedef struct wa_error wa_error;

/** Something that happened, taken from a queue by wa_poll_event() or
 * wa_queue_poll().
 *
 * The caller owns it and frees it with wa_event_free(). Type, name and JSON
 * serve every event; the further accessors say which types they serve and give
 * NULL, 0 or false for all others, so they may be called on any. Skip types
 * that you do not know: later versions bring more. An event outlives its
 * client and its queue.
 *
 * Threads: an event belongs to one thread at a time. Text and bytes are
 * borrowed from it, valid until wa_event_free(). */
typedef struct wa_event wa_event;

/** The place where events wait to be taken. Every client has one: its own, or
 * one that it shares with other clients.
 *
 * A shared queue is made with wa_queue_new() and freed with wa_queue_free();
 * it may serve thousands of clients and gives each its turn. It may be freed
 * before its clients, which then talk to nobody. A client's own queue is
 * borrowed with wa_client_queue() and goes with the client.
 *
 * Threads: any function from any thread, also while others wait in
 * wa_queue_poll(); each event goes to one of them. */
typedef struct wa_queue wa_queue;

/* ---- Status codes -------------------------------------------------------- */

/** The answer of a function: 0 when it is done, 1 to 99 for other answers that
 * are no errors, 100 and above for errors, in ranges by subject: 100
 * arguments, 200 state, 300 handles, 400 configuration, 500 store, 600
 * network, 700 the server's answers, 800 pairing, 900 the session. Numbers
 * are never changed. */
typedef int32_t wa_status;

/** Done. */
#define WA_OK 0

/** No event came within the time given; poll again. */
#define WA_TIMEOUT 1

/** The waiting poll was woken by wa_queue_wake; look at what you woke it for.
 */
#define WA_WOKEN 2

/** The queue is closed and every event has been taken; stop polling it. */
#define WA_CLOSED 3

/** An argument is NULL, negative or out of range where it may not be; the
 * error's key names the argument. */
#define WA_ERROR_INVALID_ARGUMENT 100

/** A text is not valid UTF-8; the error's key names the argument. */
#define WA_ERROR_INVALID_UTF8 101

/** A text or block of bytes is longer than is allowed for this argument; the
 * error's text says how long it may be. */
#define WA_ERROR_TOO_LONG 102

/** The phone number is not in international form; the error's text says which
 * rule it breaks. */
#define WA_ERROR_INVALID_PHONE_NUMBER 103

/** The custom pairing code is not eight characters of the pairing alphabet
 * (1-9 and A-Z without I, O and U). */
#define WA_ERROR_INVALID_PAIRING_CODE 104

/** A text that must be JSON is not; the error's text says where it stops being
 * so. */
#define WA_ERROR_INVALID_JSON 105

/** There is no method of this name; METHODS.md and wa_reference_json list them
 * all. */
#define WA_ERROR_UNKNOWN_METHOD 106

/** A parameter of the method is missing, unknown or of the wrong kind; the
 * error's key names it. */
#define WA_ERROR_INVALID_PARAMETER 107

/** The library came upon a fault of its own and stopped the call or the
 * client; please report it, with the error's text. */
#define WA_ERROR_PANIC 108

/** The operating system refused a resource such as a thread or memory; free
 * some and try again. */
#define WA_ERROR_SYSTEM 109

/** The process has no file descriptor left; raise its limit or close some,
 * then try again. */
#define WA_ERROR_TOO_MANY_FILES 110

/** The address is no JID and no phone number; use the chat of an event, a
 * number with its country code, or a JID. */
#define WA_ERROR_INVALID_JID 111

/** The message cannot be sent as it is; the error's text says what is wrong
 * with it. */
#define WA_ERROR_INVALID_MESSAGE 112

/** Messages cannot be sent to an address of this kind; send to a person or to
 * a group. */
#define WA_ERROR_UNSUPPORTED_CHAT 113

/** The call does not fit the state the object is in; the error's text says
 * what state it needs. */
#define WA_ERROR_INVALID_STATE 200

/** There is no connection to the server, or the login is not complete; call
 * wa_client_connect if that was not done, and wait for `ready`, or for
 * `connection` if the session is not linked. */
#define WA_ERROR_NOT_CONNECTED 201

/** The session is linked to an account already; log out first, or use another
 * session.id. */
#define WA_ERROR_ALREADY_LINKED 202

/** The session is not linked to an account; pair it first. */
#define WA_ERROR_NOT_LINKED 203

/** A pairing is under way already; finish it with the code shown, or cancel it
 * first. */
#define WA_ERROR_PAIRING_OUTSTANDING 204

/** This client never made a request of this number; take the number from the
 * call that made it. */
#define WA_ERROR_UNKNOWN_REQUEST 205

/** The client is closed or closing; make a new one. */
#define WA_ERROR_CLIENT_CLOSED 206

/** The request was cancelled before it was answered; make it again if it is
 * still wanted. */
#define WA_ERROR_CANCELLED 207

/** Too many requests of this client wait for an answer; take some answers
 * first. */
#define WA_ERROR_TOO_MANY_REQUESTS 208

/** The handle is NULL, freed, of another kind, or was never one; check who
 * freed it. */
#define WA_ERROR_INVALID_HANDLE 300

/** The process is a forked child of the one that made the handles; make
 * clients only after the fork. */
#define WA_ERROR_FORKED 301

/** There are more live handles than the library can number; free some. */
#define WA_ERROR_TOO_MANY_HANDLES 302

/** There is no configuration key of this name; CONFIGURATION.md and
 * wa_reference_json list them all. */
#define WA_ERROR_UNKNOWN_KEY 400

/** The value does not fit the configuration key; the error's text names key,
 * value and the allowed range. */
#define WA_ERROR_BAD_VALUE 401

/** Two configuration values contradict each other; the error's text names both
 * keys. */
#define WA_ERROR_CONFIG_CONFLICT 402

/** The store could not be read or written; the error's text has the cause. */
#define WA_ERROR_STORE 500

/** Another process uses this store; stop that process, or give this one a
 * store of its own. */
#define WA_ERROR_STORE_LOCKED 501

/** Another client uses this session; free that client first, or use another
 * session.id. If it is a client of another process, the error's
 * retry_after_ms says when its lease ends. */
#define WA_ERROR_SESSION_IN_USE 502

/** The store is damaged; move all its files away and pair again, and put a
 * copy back only with `session.restored`. */
#define WA_ERROR_STORE_CORRUPT 503

/** The store's file or directory cannot be written; change its permissions. */
#define WA_ERROR_STORE_READ_ONLY 504

/** There is no room for the store: its disk is full, a quota is used up, or
 * its file may not grow; make room, then try again. */
#define WA_ERROR_STORE_FULL 505

/** The store was written by a newer version of the library; update the
 * library. */
#define WA_ERROR_STORE_TOO_NEW 506

/** The store has no session of this name. */
#define WA_ERROR_UNKNOWN_SESSION 507

/** The directory of the store's file does not exist or cannot be opened; make
 * it first. */
#define WA_ERROR_STORE_NOT_FOUND 508

/** The store is sealed and the configuration has no key for it; set
 * store.seal_key. */
#define WA_ERROR_STORE_SEALED 509

/** The configuration has a key, and the store is in use without one; leave
 * store.seal_key unset, or use a new store. */
#define WA_ERROR_STORE_NOT_SEALED 510

/** The store was sealed with another key than that of store.seal_key; set the
 * right one. Nothing was changed. */
#define WA_ERROR_WRONG_SEAL_KEY 511

/** Another process has taken the session, because this one did not renew its
 * lease of a shared store in time; free the client, and see why the process
 * stood still. */
#define WA_ERROR_SESSION_TAKEN 512

/** The connection to the server failed; the error's text has the step and the
 * cause. */
#define WA_ERROR_NETWORK 600

/** The server's name could not be resolved; check the network. */
#define WA_ERROR_DNS 601

/** The server could not be reached; check the network and the firewall. */
#define WA_ERROR_CONNECT 602

/** The proxy could not be reached or refused; check proxy.url. */
#define WA_ERROR_PROXY 603

/** The server's TLS certificate was not accepted, or TLS failed; check the
 * clock, server.ca_file and who intercepts TLS. */
#define WA_ERROR_TLS 604

/** The server did not open a WebSocket; check server.url. */
#define WA_ERROR_UPGRADE 605

/** A step of connecting took longer than its limit; try again. */
#define WA_ERROR_NETWORK_TIMEOUT 606

/** The connection was lost before the answer came; it is not known whether the
 * request was carried out. */
#define WA_ERROR_CONNECTION_LOST 607

/** Plain ws:// is allowed to this machine only; use wss:// in server.url. */
#define WA_ERROR_INSECURE_URL 608

/** The server did not prove that it is WhatsApp: its certificate chain or its
 * handshake is wrong; the connection was not used. */
#define WA_ERROR_SERVER_NOT_TRUSTED 609

/** The server sent what this version of the library does not understand;
 * update the library. */
#define WA_ERROR_PROTOCOL 610

/** The server refused the request; the error's text has its code and words. */
#define WA_ERROR_REFUSED 700

/** The server holds the request for malformed (400, 479). */
#define WA_ERROR_BAD_REQUEST 701

/** The server does not allow this account to do that (401, 403, 405; 406 for a
 * message). */
#define WA_ERROR_FORBIDDEN 702

/** The server does not know what was asked for (404, 410). */
#define WA_ERROR_NOT_FOUND 703

/** The server wants fewer requests (419, 429); wait for as long as
 * retry_after_ms says, or some minutes if it says nothing. */
#define WA_ERROR_RATE_LIMITED 704

/** The server does not offer this to the account (452). */
#define WA_ERROR_FEATURE_UNAVAILABLE 705

/** The server had a fault of its own (500 and above); try again later. */
#define WA_ERROR_SERVER_ERROR 706

/** The server did not answer in time; try again. */
#define WA_ERROR_REQUEST_TIMEOUT 707

/** No device of the recipient can be reached; check the number. */
#define WA_ERROR_NO_RECIPIENT 708

/** WhatsApp does not let this account begin new chats for a time; answer those
 * who write, and wait. */
#define WA_ERROR_TIME_LOCKED 709

/** Pairing failed; the event's outcome says how, and its text what to tell the
 * user. */
#define WA_ERROR_PAIRING_FAILED 800

/** The library's own limit for pairing codes of this number is reached; wait
 * for as long as retry_after_ms says. */
#define WA_ERROR_PAIRING_LIMIT 801

/** The code, or all QR codes, ran out before the phone used one; ask for a new
 * one. */
#define WA_ERROR_PAIRING_EXPIRED 802

/** A code was typed but the phone did not finish: it was mistyped, or linking
 * failed on the phone; ask for a new one. */
#define WA_ERROR_PHONE_DID_NOT_FINISH 803

/** The server did not accept the request for a code; the text says whether to
 * wait or to use a QR code. */
#define WA_ERROR_CODE_REFUSED 804

/** The account wants a passkey to confirm new devices; answer with
 * wa_answer_passkey, or use another account. */
#define WA_ERROR_PASSKEY_REQUIRED 805

/** The passkey was not accepted, or took too long; start again from the phone.
 */
#define WA_ERROR_PASSKEY_FAILED 806

/** The server's message that finishes the pairing is not genuine; nothing was
 * stored. Try again once, on a network you trust. */
#define WA_ERROR_PAIRING_NOT_GENUINE 807

/** The session is logged out and its keys are erased; pair again. */
#define WA_ERROR_LOGGED_OUT 900

/** The same session was opened elsewhere; make sure that the program runs only
 * once. */
#define WA_ERROR_REPLACED 901

/** The server no longer accepts this version; set client.version to auto or to
 * a newer one, or update the library. */
#define WA_ERROR_CLIENT_OUTDATED 902

/** The account is banned for a time; the restricted event says until when. */
#define WA_ERROR_TEMPORARILY_BANNED 903

/** The account is banned. */
#define WA_ERROR_ACCOUNT_BANNED 904

/** The account is locked, or is no longer registered on its phone; open
 * WhatsApp on the phone. */
#define WA_ERROR_ACCOUNT_LOCKED 905

/** The server did not accept how the library describes itself; update the
 * library. */
#define WA_ERROR_CLIENT_REFUSED 906

/** The server did not finish the login in time; the client tries again by
 * itself. */
#define WA_ERROR_LOGIN_TIMEOUT 907

/** The server withdrew the link right after pairing; look at "Linked devices"
 * on the phone, and pair again later. */
#define WA_ERROR_LINK_REVOKED 908

/** The server refuses this account with the newest version, too
 * (client.version is auto); try again in some days, or link the account anew.
 */
#define WA_ERROR_VERSION_REFUSED 909

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ---- Version ------------------------------------------------------------- */

/** Gives the version of the library that runs, as major * 1000000 + minor *
 * 1000 + patch. Compare it with WA_VERSION_NUMBER to see that it fits the
 * header.
 *
 * @return the number; never fails, also in a forked child. */
uint32_t wa_version_number(void);

/** Gives the version of the library that runs, as text: "0.1.0".
 *
 * @return a static text; never NULL, also in a forked child. */
const char *wa_version_string(void);

/* ---- Names of status codes ----------------------------------------------- */

/** Gives the name of a status code, such as "WA_ERROR_INVALID_HANDLE".
 *
 * @param status any number.
 * @return a static text, or NULL when the library has no such code. */
const char *wa_status_name(wa_status status);

/** Gives a sentence about a status code: what happened, and what to do. An
 * error object usually knows more: wa_error_text.
 *
 * @param status any number.
 * @return a static text, or NULL when the library has no such code. */
const char *wa_status_text(wa_status status);

/* ---- Error objects ------------------------------------------------------- */

/** Gives the code of an error.
 *
 * @param error an error object, or NULL.
 * @return the code, WA_OK for NULL, WA_ERROR_INVALID_HANDLE for what is no
 * error object. */
wa_status wa_error_status(const wa_error *error);

/** Gives the name of an error's code, such as "WA_ERROR_BAD_VALUE".
 *
 * @param error an error object, or NULL.
 * @return a static text; "WA_OK" for NULL, NULL for what is no error object. */
const char *wa_error_name(const wa_error *error);

/** Gives the text of an error: what happened, and what to do. It is meant for
 * programmers, in English, and holds no secret.
 *
 * @param error an error object, or NULL.
 * @return text borrowed from the error, valid until wa_error_free(); NULL for
 * NULL and for what is no error object. */
const char *wa_error_text(const wa_error *error);

/** Gives the name of the argument, configuration key or parameter that an error
 * is about.
 *
 * @param error an error object, or NULL.
 * @return text borrowed from the error, valid until wa_error_free(); NULL when
 * it is about none, for NULL and for what is no error object. */
const char *wa_error_key(const wa_error *error);

/** Tells whether the same call can succeed later without anything being
 * changed.
 *
 * @param error an error object, or NULL.
 * @return the answer; false for NULL and for what is no error object. */
bool wa_error_is_retryable(const wa_error *error);

/** Gives the time to wait before trying again.
 *
 * @param error an error object, or NULL.
 * @return milliseconds; 0 when nothing is known, for NULL and for what is no
 * error object. */
uint32_t wa_error_retry_after_ms(const wa_error *error);

/** Frees an error object and what was borrowed from it.
 *
 * @param error an error object; NULL, freed and foreign ones are let pass. */
void wa_error_free(wa_error *error);

/* ---- Configuration ------------------------------------------------------- */

/** Makes a configuration in which every key has its default.
 *
 * @return a new object that the caller owns and frees with wa_config_free();
 * NULL in a forked child, and when there are too many handles. */
WA_MUST_USE wa_config *wa_config_new(void);

/** Sets a key.
 *
 * @param key the key. Keys that begin with "ui." or "host." are yours: they
 * are kept and not looked at.
 * @param value the value, always as text; NULL puts the key back to its
 * default.
 * @param error where an error object goes; may be NULL. Its text names key,
 * value and what is allowed.
 * @return WA_OK; WA_ERROR_UNKNOWN_KEY; WA_ERROR_BAD_VALUE;
 * WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8 or WA_ERROR_TOO_LONG for
 * key or value; WA_ERROR_INVALID_HANDLE. Nothing is changed unless it is
 * WA_OK. */
wa_status wa_config_set(wa_config *config,
                        const char *key,
                        const char *value,
                        wa_error **error);

/** Gives the value of a key: what was set, or the default.
 *
 * @param key the key.
 * @return text borrowed from the configuration, valid until wa_config_free(),
 * also when the key is set to something else; NULL when there is no such key,
 * for `store.seal_key`, which is not given back, and for what is no
 * configuration. */
const char *wa_config_get(const wa_config *config, const char *key);

/** Frees a configuration and what was borrowed from it.
 *
 * @param config a configuration; NULL, freed and foreign ones are let pass. */
void wa_config_free(wa_config *config);

/* ---- Clients: connection, events, requests ------------------------------- */

/** Makes a client and opens its session in the store. Nothing goes over the
 * network before wa_client_connect().
 *
 * The first client of the process starts the library's threads, the end of the
 * last one ends them.
 *
 * @param config the configuration; the client copies it. NULL means all
 * defaults.
 * @param queue a queue to share, or NULL for a queue of the client's own.
 * @param client where the new client is put. The caller owns it and frees it
 * with wa_client_free().
 * @return WA_OK; WA_ERROR_INVALID_ARGUMENT: `client` is NULL, or `queue`
 * another client's own; WA_ERROR_INVALID_HANDLE for `config` or `queue`;
 * WA_ERROR_BAD_VALUE or WA_ERROR_INSECURE_URL: a value of the configuration
 * cannot be used here; WA_ERROR_CONFIG_CONFLICT; WA_ERROR_STORE_LOCKED:
 * another process uses the store; WA_ERROR_SESSION_IN_USE: another client of
 * this process uses the session; WA_ERROR_STORE, WA_ERROR_STORE_CORRUPT,
 * WA_ERROR_STORE_READ_ONLY, WA_ERROR_STORE_FULL, WA_ERROR_STORE_TOO_NEW,
 * WA_ERROR_STORE_NOT_FOUND, WA_ERROR_STORE_SEALED,
 * WA_ERROR_STORE_NOT_SEALED, WA_ERROR_WRONG_SEAL_KEY: the store cannot be
 * opened; WA_ERROR_SYSTEM, WA_ERROR_TOO_MANY_FILES,
 * WA_ERROR_TOO_MANY_HANDLES. */
WA_MUST_USE
wa_status wa_client_new(const wa_config *config,
                        wa_queue *queue,
                        wa_client **client,
                        wa_error **error);

/** Gives the number of a client, by which its events name it:
 * wa_event_client().
 *
 * @return a number that is unique in the process and never 0; 0 for what is no
 * client. */
uint64_t wa_client_id(const wa_client *client);

/** Tells whether the session is linked to an account, so that it needs no
 * pairing.
 *
 * @return true from the event `pairing.success` on, also in later runs of the
 * program, until it is logged out; false for what is no client. */
bool wa_client_is_linked(const wa_client *client);

/** Gives the client's own queue, for wa_queue_fd() and wa_queue_wake().
 *
 * @return a queue borrowed from the client, valid until wa_client_free(); NULL
 * when the client shares a queue, which the caller has already, and for what
 * is no client. */
wa_queue *wa_client_queue(wa_client *client);

/** Asks for a connection to the server, kept up from then on: it is made again
 * whenever it is lost, as the keys `reconnect.*` say. Returns at once;
 * `connection` events tell how it goes, and `ready` that a linked session is
 * logged in.
 *
 * The library gives the connection up when the server ends it for a reason
 * that another attempt does not cure, such as a second program with the same
 * session, and when the store fails: wa_event_is_final() tells. Calling this
 * again begins anew.
 *
 * @return WA_OK, also when it is connected already; WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_INVALID_HANDLE. */
wa_status wa_client_connect(wa_client *client, wa_error **error);

/** Gives the connection up until wa_client_connect() is called again. Returns
 * at once; a `connection` event says when it is done. A pairing that is under
 * way ends with it.
 *
 * @return WA_OK, also when there is no connection; WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_INVALID_HANDLE. */
wa_status wa_client_disconnect(wa_client *client, wa_error **error);

/** Asks a client to stop: the connection is given up, open requests are
 * answered, the session is closed in the store and stays there. Returns at
 * once; the event `closed` says when it is done, and after it a queue of the
 * client's own answers WA_CLOSED.
 *
 * @return WA_OK, also when it is closed already; WA_ERROR_INVALID_HANDLE. */
wa_status wa_client_close(wa_client *client);

/** Frees a client, closing it first if that was not done. The session stays in
 * the store.
 *
 * Allowed from any thread and in any state. Threads that wait in its queue
 * come back with WA_CLOSED. The wait for what is under way is bounded by about
 * three seconds, and usually takes none. Events that were taken before stay
 * valid. On a shared queue its last events, up to `closed`, can still be
 * taken.
 *
 * In a forked child this does nothing.
 *
 * @param client a client; NULL, freed and foreign ones are let pass. */
void wa_client_free(wa_client *client);

/** Cancels a request that is not answered yet. Its `result` event then says
 * WA_ERROR_CANCELLED, unless the answer was faster.
 *
 * @param request the number of the request.
 * @return WA_OK, also when it was answered already; WA_ERROR_UNKNOWN_REQUEST:
 * it was never made; WA_ERROR_CLIENT_CLOSED; WA_ERROR_INVALID_HANDLE. */
wa_status wa_cancel(wa_client *client, uint64_t request, wa_error **error);

/** Unlinks the device: the server is told and the session's keys are erased.
 * The request's `result` comes first, then `logged_out` and `closed`, which end
 * the client. When the server cannot be told, the keys are erased all the same
 * and `logged_out` says that the phone may still list the device.
 *
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as events; WA_ERROR_NOT_LINKED;
 * WA_ERROR_CLIENT_CLOSED; WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_HANDLE.
 */
wa_status wa_logout(wa_client *client, uint64_t *request, wa_error **error);

/** Calls a method by name, for what has no function of its own; METHODS.md and
 * wa_reference_json() list the methods. The request's `result` event brings
 * what the method gives: wa_event_result().
 *
 * The result says WA_ERROR_NOT_LINKED; WA_ERROR_NOT_CONNECTED: the method needs
 * a session that is logged in, or for `server.ping` a connection;
 * WA_ERROR_CONNECTION_LOST; WA_ERROR_INVALID_PARAMETER: the `sender` cannot
 * have written the message that is meant; WA_ERROR_UNKNOWN_SESSION or
 * WA_ERROR_SESSION_IN_USE for another session of the store;
 * WA_ERROR_INVALID_MESSAGE: no such option of a poll; for
 * `version.latest` WA_ERROR_CONNECT, WA_ERROR_DNS, WA_ERROR_PROXY,
 * WA_ERROR_TLS, WA_ERROR_UPGRADE, WA_ERROR_NETWORK_TIMEOUT or
 * WA_ERROR_PROTOCOL, which is also the result of any method whose answer says
 * nothing; WA_ERROR_TOO_LONG: too large for all devices of the
 * recipient together; and that of wa_send_text() for the server's refusals.
 *
 * @param method the name, such as "session.status".
 * @param params_json the parameters as one JSON object; NULL for none.
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as an event;
 * WA_ERROR_UNKNOWN_METHOD; WA_ERROR_INVALID_JSON; WA_ERROR_INVALID_PARAMETER,
 * WA_ERROR_INVALID_JID, WA_ERROR_INVALID_PHONE_NUMBER,
 * WA_ERROR_UNSUPPORTED_CHAT or WA_ERROR_INVALID_MESSAGE: the error's key names
 * the parameter; WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_ARGUMENT,
 * WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG; WA_ERROR_INVALID_HANDLE. */
wa_status wa_call(wa_client *client,
                  const char *method,
                  const char *params_json,
                  uint64_t *request,
                  wa_error **error);

/** Takes the next event of a client that has a queue of its own, waiting for
 * one if there is none: wa_queue_poll() on that queue.
 *
 * @param timeout_ms how long to wait, in milliseconds: 0 does not wait, -1
 * waits on.
 * @param event where the event is put. The caller owns it and frees it with
 * wa_event_free(). Written on WA_OK only.
 * @return WA_OK: an event was taken; WA_TIMEOUT: none came in time; WA_WOKEN:
 * wa_queue_wake() was called; WA_CLOSED: the client is closed and all its
 * events are taken, or it was freed during the wait; WA_ERROR_INVALID_STATE:
 * the client shares a queue, poll that one; WA_ERROR_INVALID_ARGUMENT: NULL or
 * a time-out below -1; WA_ERROR_TOO_MANY_HANDLES; WA_ERROR_INVALID_HANDLE. */
WA_MUST_USE
wa_status wa_poll_event(wa_client *client,
                        int32_t timeout_ms,
                        wa_event **event,
                        wa_error **error);

/* ---- Pairing ------------------------------------------------------------- */

/** Asks for a pairing code, which the user types into the phone: WhatsApp,
 * Settings, Linked devices, Link a device, Link with phone number instead. The
 * event `pairing.code` brings it once the server has accepted it;
 * `pairing.progress`, `pairing.expired`, `pairing.error` and `pairing.success`
 * tell how it goes on, and one `result` event ends the request.
 *
 * May be called right after wa_client_connect(): it waits for the connection.
 * The result says WA_ERROR_PAIRING_OUTSTANDING: use the code shown, or give it
 * up by wa_cancel(); WA_ERROR_PAIRING_LIMIT: wait for as long as it says;
 * WA_ERROR_PAIRING_EXPIRED, WA_ERROR_PHONE_DID_NOT_FINISH or
 * WA_ERROR_CONNECTION_LOST: ask for a new code; WA_ERROR_CODE_REFUSED,
 * WA_ERROR_RATE_LIMITED, WA_ERROR_FEATURE_UNAVAILABLE, WA_ERROR_SERVER_ERROR,
 * WA_ERROR_REQUEST_TIMEOUT or WA_ERROR_PROTOCOL: the server gives no code;
 * WA_ERROR_PAIRING_FAILED, WA_ERROR_PASSKEY_FAILED or
 * WA_ERROR_PAIRING_NOT_GENUINE: the code was typed in vain;
 * WA_ERROR_NOT_CONNECTED: no connection could be made, and its text says why;
 * WA_ERROR_SERVER_NOT_TRUSTED, WA_ERROR_TEMPORARILY_BANNED,
 * WA_ERROR_ACCOUNT_BANNED, WA_ERROR_ACCOUNT_LOCKED, WA_ERROR_CLIENT_OUTDATED,
 * WA_ERROR_CLIENT_REFUSED, WA_ERROR_VERSION_REFUSED or WA_ERROR_REPLACED: the
 * server does not let this client in. A `pairing.error` or `pairing.expired`
 * before it names the outcome, one of those that EVENTS.md lists.
 *
 * @param phone the account's phone number in international form, 7 to 15
 * digits, with or without a leading "+".
 * @param code eight characters of the pairing alphabet (1 to 9, A to Z without
 * I, O and U) to use as the code; NULL for a random one, which is safer.
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as events;
 * WA_ERROR_INVALID_PHONE_NUMBER: the text says which rule it breaks;
 * WA_ERROR_INVALID_PAIRING_CODE; WA_ERROR_ALREADY_LINKED;
 * WA_ERROR_INVALID_STATE: wa_client_connect() was not called, or the
 * connection was given up since; WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_TOO_MANY_REQUESTS;
 * WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG;
 * WA_ERROR_INVALID_HANDLE. */
wa_status wa_request_pairing(wa_client *client,
                             const char *phone,
                             const char *code,
                             uint64_t *request,
                             wa_error **error);

/** Asks for QR codes, which the user scans with the phone: WhatsApp, Settings,
 * Linked devices, Link a device. Events `pairing.qr` bring one after the
 * other; wa_event_qr_image() draws them. One `result` event ends the request.
 *
 * May be called right after wa_client_connect(): it waits for the connection.
 * The result says WA_ERROR_PAIRING_OUTSTANDING: QR codes are being shown;
 * WA_ERROR_PAIRING_EXPIRED: all of them were; WA_ERROR_NOT_CONNECTED,
 * WA_ERROR_SERVER_NOT_TRUSTED, WA_ERROR_TEMPORARILY_BANNED,
 * WA_ERROR_ACCOUNT_BANNED, WA_ERROR_ACCOUNT_LOCKED, WA_ERROR_CLIENT_OUTDATED,
 * WA_ERROR_CLIENT_REFUSED, WA_ERROR_VERSION_REFUSED or WA_ERROR_REPLACED as for
 * wa_request_pairing(). After any other failure the QR codes go on.
 *
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
 * WA_ERROR_INVALID_STATE: wa_client_connect() was not called, or the
 * connection was given up since; WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_TOO_MANY_REQUESTS;
 * WA_ERROR_INVALID_HANDLE. */
wa_status wa_request_qr(wa_client *client, uint64_t *request, wa_error **error);

/** Answers the event `pairing.passkey` of the step `required` with what the
 * user's authenticator made of the challenge.
 *
 * The result says WA_ERROR_INVALID_JSON: it is no such assertion, try again;
 * WA_ERROR_INVALID_STATE: no challenge is open.
 *
 * @param assertion_json the WebAuthn assertion as JSON: id, rawId, type and
 * response, binary parts in base64url without padding.
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
 * WA_ERROR_INVALID_STATE as for wa_request_pairing(); WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_ARGUMENT,
 * WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG; WA_ERROR_INVALID_HANDLE. */
wa_status wa_answer_passkey(wa_client *client,
                            const char *assertion_json,
                            uint64_t *request,
                            wa_error **error);

/** Says that the user compared the code of the event `pairing.passkey`, step
 * `confirm`, with the one on the phone and found them equal. Only then is the
 * account linked. The result says WA_ERROR_INVALID_STATE: there is nothing to
 * confirm.
 *
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted, the rest comes as events; WA_ERROR_ALREADY_LINKED;
 * WA_ERROR_INVALID_STATE as for wa_request_pairing(); WA_ERROR_CLIENT_CLOSED;
 * WA_ERROR_TOO_MANY_REQUESTS; WA_ERROR_INVALID_HANDLE. */
wa_status wa_confirm_passkey(wa_client *client,
                             uint64_t *request,
                             wa_error **error);

/* ---- Sending ------------------------------------------------------------- */

/** Sends a text to a person or a group.
 *
 * Returns at once; the `result` event says when the server has the message,
 * with `message_id`, `chat` and `sent_at_ms`, or why it could not be sent.
 * Without a connection the message waits for one, across restarts of the
 * program too. Messages to one chat leave in the order of the calls.
 *
 * The result says WA_ERROR_NO_RECIPIENT: the number is not on WhatsApp;
 * WA_ERROR_TIME_LOCKED: no new chats for a time; WA_ERROR_INVALID_ARGUMENT: the
 * id is that of a message to another chat; WA_ERROR_BAD_REQUEST,
 * WA_ERROR_FORBIDDEN, WA_ERROR_NOT_FOUND, WA_ERROR_FEATURE_UNAVAILABLE or
 * WA_ERROR_REFUSED: the server does not take it; WA_ERROR_RATE_LIMITED,
 * WA_ERROR_SERVER_ERROR or WA_ERROR_REQUEST_TIMEOUT: it was tried several
 * times, send it again later.
 *
 * @param chat where it goes: the chat of an event, a JID, or a phone number
 * with its country code.
 * @param text the text, at most 65,536 characters.
 * @param message_id an id for the message that the host chooses, at most 128
 * bytes; NULL for a new one. Sending again with the same id, after a crash for
 * example, sends nothing twice: the result is that of the first time.
 * @param request where the number of the request is put; may be NULL.
 * @return WA_OK: accepted; WA_ERROR_NOT_LINKED; WA_ERROR_INVALID_JID;
 * WA_ERROR_UNSUPPORTED_CHAT; WA_ERROR_INVALID_MESSAGE: the text is empty or
 * too long; WA_ERROR_CLIENT_CLOSED; WA_ERROR_TOO_MANY_REQUESTS;
 * WA_ERROR_INVALID_ARGUMENT, WA_ERROR_INVALID_UTF8, WA_ERROR_TOO_LONG;
 * WA_ERROR_INVALID_HANDLE. */
wa_status wa_send_text(wa_client *client,
                       const char *chat,
                       const char *text,
                       const char *message_id,
                       uint64_t *request,
                       wa_error **error);

/** Sends a serialised protobuf message (the `Message` of WhatsApp's protocol),
 * for content that no other call makes. It is sent as it is, with whatever
 * this version of the library does not know of it.
 *
 * The method `message.send` of wa_call() sends replies, mentions and more
 * without protobuf. The result says what that of wa_send_text() says, and
 * WA_ERROR_TOO_LONG: too large for all devices of the recipient together.
 *
 * @param chat where it goes, as for wa_send_text().
 * @param message the bytes.
 * @param length how many; at most 1 MiB (1,048,576), or WA_ERROR_TOO_LONG.
 * @param message_id as for wa_send_text().
 * @param request where the number of the request is put; may be NULL.
 * @return as wa_send_text(); WA_ERROR_INVALID_MESSAGE: the bytes are not a
 * protobuf message, or have no content. */
wa_status wa_send_message(wa_client *client,
                          const char *chat,
                          const uint8_t *message,
                          size_t length,
                          const char *message_id,
                          uint64_t *request,
                          wa_error **error);

/* ---- Events: what all of them have --------------------------------------- */

/** Gives the type of an event, one of the constants WA_EVENT_*.
 *
 * @return the type; 0, which no event has, for what is no event. */
uint32_t wa_event_type(const wa_event *event);

/** Gives the name of an event's type, such as "pairing.code".
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL for
 * what is no event. */
const char *wa_event_name(const wa_event *event);

/** Gives a whole event as one JSON object; EVENTS.md describes the fields of
 * each type.
 *
 * @param length where the length without the final NUL is put; may be NULL.
 * Written only when there is a text.
 * @return text borrowed from the event, valid until wa_event_free(); NULL for
 * what is no event. */
const char *wa_event_json(const wa_event *event, size_t *length);

/** Gives the number of an event: strictly increasing for each client.
 *
 * @return the number; 0 for what is no event. */
uint64_t wa_event_id(const wa_event *event);

/** Gives the number of the client that an event comes from: wa_client_id().
 *
 * @return the number; 0 for what is no event. */
uint64_t wa_event_client(const wa_event *event);

/** Gives the number of the request that an event belongs to.
 *
 * @return the number; 0 when it belongs to none, and for what is no event. */
uint64_t wa_event_request(const wa_event *event);

/** Gives the time at which an event happened.
 *
 * @return milliseconds since 1970 UTC; 0 for what is no event. */
int64_t wa_event_time_ms(const wa_event *event);

/** Tells whether an event is durable: kept in the store until it is
 * acknowledged with wa_event_ack(), across runs of the program.
 *
 * @return the answer; false for what is no event. */
bool wa_event_is_durable(const wa_event *event);

/** Tells whether an event is of an earlier run of the program, which did not
 * acknowledge it.
 *
 * A `message` or a `receipt` is still to be handled. A `logged_out` or a
 * `restricted` tells of the past: acknowledge it, and go by
 * wa_client_is_linked() and by what this run's connection brings. If the
 * state still holds, an event that is not redelivered says so.
 *
 * @return the answer; false for what is no event. */
bool wa_event_is_redelivered(const wa_event *event);

/** Acknowledges an event: it need not come again. Call it when you have dealt
 * with the event. It returns at once; what it changes in the store may follow
 * a little later, so a crash right after it can still bring the event again.
 * Events that are not durable take it too and need it not.
 *
 * @return WA_OK, also when repeated; WA_ERROR_CLIENT_CLOSED: the client is
 * gone, a durable event will come again; WA_ERROR_INVALID_HANDLE. */
wa_status wa_event_ack(wa_event *event);

/** Frees an event and what was borrowed from it. It does not acknowledge it.
 *
 * @param event an event; NULL, freed and foreign ones are let pass. */
void wa_event_free(wa_event *event);

/* ---- Events: their fields ------------------------------------------------ */

/* The accessors of each type, beside those that serve all. Every name begins
 * with wa_event_; what has no accessor is in wa_event_json().
 *
 * connection           text, state, reason, retry_after_ms, is_final,
 *                      is_retryable, status
 * ready                jid
 * logged_out           user_text, text, reason
 * restricted           user_text, reason, expires_at_ms
 * pairing.code         code, code_display, expires_at_ms
 * pairing.qr           qr_payload, expires_at_ms, qr_image
 * pairing.progress     stage, user_text
 * pairing.expired      stage, outcome, user_text, retry_after_ms, is_retryable,
 *                      is_refreshing, status
 * pairing.error        stage, outcome, user_text, text, retry_after_ms,
 *                      is_retryable, is_refreshing, status
 * pairing.passkey      code_display, passkey_options, expires_at_ms
 * pairing.success      jid
 * message              text, chat, sender, message_id, message_kind, is_from_me
 * message.unreadable   chat, sender, message_id, is_from_me
 * message.waiting      none
 * receipt              chat, sender, is_from_me
 * chat.activity        chat, sender
 * presence             sender
 * group.update         text, chat, sender
 * call                 chat, sender
 * identity.changed     sender
 * result               text, retry_after_ms, is_retryable, status, result
 * overflow             none
 * log                  text
 * closed               text, reason, status
 */

/** Gives the eight characters of a pairing code.
 *
 * Event types: pairing.code.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_code(const wa_event *event);

/** Gives a code as users should see it, in two groups of four: the pairing
 * code, or the code to compare with the phone.
 *
 * Event types: pairing.code, pairing.passkey (step `confirm`).
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_code_display(const wa_event *event);

/** Gives the text of a QR code, for those who draw it themselves; see
 * wa_event_qr_image().
 *
 * Event types: pairing.qr.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_qr_payload(const wa_event *event);

/** Gives the WebAuthn request options as JSON, to hand to an authenticator.
 *
 * Event types: pairing.passkey (step `required`).
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_passkey_options(const wa_event *event);

/** Gives the step that a pairing has reached: "requested", "code",
 * "phone_answered", "finish_accepted", "linked", "first_login" or "ready"; for
 * `pairing.expired` and `pairing.error` where it ended, in the words that
 * EVENTS.md lists.
 *
 * Event types: pairing.progress, pairing.expired, pairing.error.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_stage(const wa_event *event);

/** Gives the name of the outcome that a pairing, or an attempt of it, came to,
 * such as "code_expired".
 *
 * Event types: pairing.expired, pairing.error.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_outcome(const wa_event *event);

/** Gives a sentence in English that can be shown to the user.
 *
 * Event types: logged_out, restricted, pairing.progress, pairing.expired,
 * pairing.error.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_user_text(const wa_event *event);

/** Gives what people wrote: the text or caption of a message, the new value of
 * what changed in a group. For events that tell of a fault it is a sentence in
 * English for the programmer and the log.
 *
 * Event types: message, group.update, connection, logged_out, pairing.error,
 * result, log, closed; each only when there is something to say.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_text(const wa_event *event);

/** Gives where the connection stands: "connecting", "connected", "online",
 * "disconnected" or "reconnecting".
 *
 * Event types: connection.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_state(const wa_event *event);

/** Gives why it came to this, as a stable word; for `restricted` the kind of
 * the restriction. EVENTS.md lists the words.
 *
 * Event types: connection (when something went wrong), logged_out, restricted,
 * closed.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_reason(const wa_event *event);

/** Gives the device's own JID, such as "15550001234:2@s.whatsapp.net".
 *
 * Event types: ready, pairing.success.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_jid(const wa_event *event);

/** Gives the time at which what the event brings ends: the code, the QR code,
 * the passkey exchange or the restriction.
 *
 * Event types: pairing.code, pairing.qr, pairing.passkey, restricted (when the
 * server named an end).
 *
 * @return milliseconds since 1970 UTC; 0 when the event has none, and for what
 * is no event. */
int64_t wa_event_expires_at_ms(const wa_event *event);

/** Gives the time to wait before asking again; for `connection` the time until
 * the library connects again.
 *
 * Event types: connection (when reconnecting), pairing.expired, pairing.error,
 * result.
 *
 * @return milliseconds; 0 when nothing is known, when the event has none, and
 * for what is no event. */
uint32_t wa_event_retry_after_ms(const wa_event *event);

/** Tells whether a `connection` event says that the connection is given up: no
 * attempt follows before wa_client_connect() is called again. Whatever waits
 * for the connection can end then, with wa_event_status(), or with
 * WA_ERROR_NOT_CONNECTED if that is WA_OK. Texts that were to be sent wait on
 * in the store.
 *
 * Event types: connection.
 *
 * @return the answer; false when the event has none, and for what is no event.
 */
bool wa_event_is_final(const wa_event *event);

/** Tells whether asking again can help; for `connection` whether an attempt can
 * succeed as things are. If not, a person has to mend something first:
 * wa_event_text() says what.
 *
 * Event types: connection, pairing.expired, pairing.error, result.
 *
 * @return the answer; false when the event has none, and for what is no event.
 */
bool wa_event_is_retryable(const wa_event *event);

/** Tells whether the library goes on by itself, with a new code or a new
 * attempt: the request is not over.
 *
 * Event types: pairing.expired, pairing.error.
 *
 * @return the answer; false when the event has none, and for what is no event.
 */
bool wa_event_is_refreshing(const wa_event *event);

/** Gives what an event tells of as a status code: WA_OK, or what went wrong.
 * wa_status_name() and wa_status_text() explain it.
 *
 * Event types: connection, pairing.expired, pairing.error, result, closed.
 *
 * @return the code; WA_OK when the event has none, and for what is no event. */
wa_status wa_event_status(const wa_event *event);

/** Gives what a request brought, as JSON: the object that METHODS.md describes
 * for methods of wa_call(), `{}` where there is nothing, null if it failed.
 *
 * Event types: result.
 *
 * @param length where the length without the final NUL is put; may be NULL.
 * Written only when there is a text.
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_result(const wa_event *event, size_t *length);

/** Draws a QR code.
 *
 * Event types: pairing.qr.
 *
 * @param format "text": lines of UTF-8 block characters for a terminal with a
 * dark background; "svg": a vector image; "png": a black and white image. All
 * have the quiet margin that scanners need.
 * @param length where the number of bytes, without the NUL that follows them,
 * is put; may be NULL. Written only when there is an image.
 * @return bytes borrowed from the event, valid until wa_event_free(); NULL
 * when the event has no QR code or the format is not one of the three, and for
 * what is no event. */
const uint8_t *wa_event_qr_image(const wa_event *event,
                                 const char *format,
                                 size_t *length);

/* ---- Events: the fields of messages -------------------------------------- */

/** Gives the conversation: a JID, to which an answer goes.
 *
 * Event types: message, message.unreadable, receipt, chat.activity,
 * group.update, call (in a group).
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_chat(const wa_event *event);

/** Gives who did what the event tells of: a JID.
 *
 * Event types: message, message.unreadable, receipt, chat.activity, presence,
 * group.update (if the server says), call, identity.changed.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_sender(const wa_event *event);

/** Gives the id of a message, by which it is answered, edited or deleted.
 *
 * Event types: message, message.unreadable.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_message_id(const wa_event *event);

/** Gives what a message is: "text", "image", "reaction", "poll", "edit",
 * "delete" and so on; "unknown" for what this version does not know.
 *
 * Event types: message.
 *
 * @return text borrowed from the event, valid until wa_event_free(); NULL when
 * the event has none, and for what is no event. */
const char *wa_event_message_kind(const wa_event *event);

/** Tells whether this account did it, from another of its devices.
 *
 * Event types: message, message.unreadable, receipt.
 *
 * @return the answer; false when the event has none, and for what is no event.
 */
bool wa_event_is_from_me(const wa_event *event);

/* ---- Queues that clients share, and descriptors to wait on --------------- */

/** Makes a queue that clients can share.
 *
 * @param queue where the new queue is put. The caller owns it and frees it
 * with wa_queue_free().
 * @return WA_OK; WA_ERROR_INVALID_ARGUMENT; WA_ERROR_TOO_MANY_HANDLES. */
WA_MUST_USE wa_status wa_queue_new(wa_queue **queue, wa_error **error);

/** Takes the next event, waiting for one if there is none.
 *
 * Events of one client come in the order in which they happened; between
 * clients nothing is promised, except that none waits for ever while others
 * talk.
 *
 * @param queue a shared queue, or a client's own.
 * @param timeout_ms how long to wait, in milliseconds: 0 does not wait, -1
 * waits on.
 * @param event where the event is put. The caller owns it and frees it with
 * wa_event_free(). Written on WA_OK only.
 * @return WA_OK: an event was taken; WA_TIMEOUT: none came in time; WA_WOKEN:
 * wa_queue_wake() was called; WA_CLOSED: all events are taken and none will
 * come any more, or the queue was freed during the wait;
 * WA_ERROR_INVALID_HANDLE; WA_ERROR_INVALID_ARGUMENT: NULL or a time-out below
 * -1; WA_ERROR_TOO_MANY_HANDLES: the event is lost to this run of the program,
 * and comes again later if it is a durable one. */
WA_MUST_USE
wa_status wa_queue_poll(wa_queue *queue,
                        int32_t timeout_ms,
                        wa_event **event,
                        wa_error **error);

/** Gives a descriptor for select, poll, epoll, asyncio, Go's poller and the
 * like: it is readable exactly while wa_queue_poll() with time-out 0 would
 * answer something other than WA_TIMEOUT (level-triggered).
 *
 * The descriptor belongs to the queue and goes with it. Wait for it to be
 * readable; do not read, write or close it. It is made by the first call and
 * stays the same.
 *
 * @param queue a shared queue, or a client's own.
 * @return the descriptor; -1 for what is no queue, in a forked child, and when
 * the process has no descriptor left. */
int wa_queue_fd(wa_queue *queue);

/** Makes a wait in wa_queue_poll() or wa_poll_event() answer WA_WOKEN: one that
 * is under way, else the next one. Several calls before that count as one.
 *
 * @param queue a shared queue, or a client's own.
 * @return WA_OK; WA_ERROR_INVALID_HANDLE. */
wa_status wa_queue_wake(wa_queue *queue);

/** Frees a shared queue. Waiting polls answer WA_CLOSED, what still waits is
 * thrown away (durable events come again when their session is opened again),
 * and its clients go on without a listener until they are freed.
 *
 * @param queue a queue of wa_queue_new(); NULL, freed and foreign ones, and a
 * client's own, are let pass. */
void wa_queue_free(wa_queue *queue);

/* ---- The tables at run time ---------------------------------------------- */

/** Gives all tables of the library as one JSON object: `version`, `statuses`,
 * `keys` (configuration), `common_fields`, `events`, `contents` (of messages),
 * `content_fields`, `outcomes` (of pairing) and `methods`. It is what the pages
 * CONFIGURATION.md, EVENTS.md and METHODS.md are made from, for the version
 * that runs.
 *
 * @param length where the length without the final NUL is put; may be NULL.
 * @return a static text; NULL in a forked child only. */
const char *wa_reference_json(size_t *length);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WA_H */
