/* The C host of the benchmarks of messages: a program as a user writes it, driven by lines on standard input.
 *
 * WA_URL, WA_ROOT and WA_FOLDER say where the server is, what its root key is, and where the store may be. It links itself by QR if it is not linked ("qr TEXT" on standard output), says "ready", and then does what it is told, saying
 * "done" when it is done:
 *
 *   receive N          takes N messages, reads their fields, acknowledges each
 *   send N AT CHAT...  sends N texts to the chats in turn, AT of them at a time, until all are taken by the server
 *   offline, online    gives the connection up; comes back
 *
 * It ends with its input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wa.h>

static wa_client *client;

static void fail(const char *what, wa_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? wa_error_text(error) : "unexpected");
    exit(1);
}

static void say(const char *line)
{
    puts(line);
    fflush(stdout);
}

/* The next event, to be acknowledged and freed by finish(). */
static wa_event *next(void)
{
    wa_event *event = NULL;
    wa_error *error = NULL;
    if (wa_poll_event(client, -1, &event, &error) != WA_OK)
        fail("poll", error);
    return event;
}

static void finish(wa_event *event)
{
    wa_event_ack(event);
    wa_event_free(event);
}

static void wait_for(uint32_t type)
{
    for (uint32_t got = 0; got != type;) {
        wa_event *event = next();
        got = wa_event_type(event);
        if (got == WA_EVENT_PAIRING_QR) {
            printf("qr %s\n", wa_event_qr_payload(event));
            fflush(stdout);
        }
        finish(event);
    }
}

/* What a program looks at. */
static int is_text(const wa_event *event)
{
    const char *kind = wa_event_message_kind(event);
    return kind && !strcmp(kind, "text") && wa_event_chat(event) && wa_event_sender(event) &&
           wa_event_message_id(event) && wa_event_text(event) && *wa_event_text(event);
}

static void receive(long count)
{
    for (long got = 0; got < count;) {
        wa_event *event = next();
        if (wa_event_type(event) == WA_EVENT_MESSAGE && is_text(event))
            got++;
        finish(event);
    }
}

static void send_one(const char *chat, long number)
{
    char text[64];
    wa_error *error = NULL;
    uint64_t request;
    snprintf(text, sizeof text, "#%ld a text of thirty-two bytes", number);
    if (wa_send_text(client, chat, text, NULL, &request, &error))
        fail("send", error);
}

static void send_many(char *arguments)
{
    char *chats[64], *word;
    long count = strtol(strtok(arguments, " "), NULL, 10), at = strtol(strtok(NULL, " "), NULL, 10);
    long sent = 0, taken = 0, chat_count = 0;
    while (chat_count < 64 && (word = strtok(NULL, " ")))
        chats[chat_count++] = word;
    while (taken < count) {
        for (; sent < count && sent - taken < at; sent++)
            send_one(chats[sent % chat_count], sent);
        wa_event *event = next();
        if (wa_event_type(event) == WA_EVENT_RESULT) {
            if (wa_event_status(event) != WA_OK)
                fail(wa_event_text(event), NULL);
            taken++;
        }
        finish(event);
    }
}

int main(void)
{
    static char line[8192], url[512];
    wa_config *config = wa_config_new();
    wa_error *error = NULL;

    snprintf(url, sizeof url, "sqlite:%s/libwa.db", getenv("WA_FOLDER"));
    if (wa_config_set(config, "server.url", getenv("WA_URL"), &error) ||
        wa_config_set(config, "server.root_key", getenv("WA_ROOT"), &error) ||
        wa_config_set(config, "store.url", url, &error) || wa_client_new(config, NULL, &client, &error) ||
        wa_client_connect(client, &error))
        fail("open", error);
    wa_config_free(config);
    if (!wa_client_is_linked(client) && wa_request_qr(client, NULL, &error))
        fail("qr", error);
    wait_for(WA_EVENT_READY);
    say("ready");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "receive ", 8))
            receive(strtol(line + 8, NULL, 10));
        else if (!strncmp(line, "send ", 5))
            send_many(line + 5);
        else if (!strcmp(line, "offline")) {
            if (wa_client_disconnect(client, &error))
                fail("disconnect", error);
        } else if (!strcmp(line, "online")) {
            if (wa_client_connect(client, &error))
                fail("connect", error);
        }
        say("done");
    }
    wa_client_close(client);
    wait_for(WA_EVENT_CLOSED);
    wa_client_free(client);
    return 0;
}
