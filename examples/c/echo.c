/* Answers every text with the same text.
 *
 *   echo [--set KEY=VALUE]...
 *
 * The session is kept in pair.db, where the program pair.c links it. Stop it
 * with Ctrl-C: what it has not acknowledged comes again when it is started again.
 */
#include <stdio.h>
#include <string.h>
#include <wa.h>

static int failed(const char *what, wa_error *error)
{
    fprintf(stderr, "%s: %s\n", what, wa_error_text(error));
    wa_error_free(error);
    return 1;
}

/* Whether the event is a text of somebody else. */
static int is_text(const wa_event *event)
{
    const char *kind = wa_event_message_kind(event);
    return kind != NULL && strcmp(kind, "text") == 0 && !wa_event_is_from_me(event);
}

int main(int argc, char **argv)
{
    wa_config *config = wa_config_new();
    wa_client *client = NULL;
    wa_error *error = NULL;
    wa_event *event = NULL;

    wa_config_set(config, "store.url", "sqlite:pair.db", NULL);
    for (int i = 2; i < argc && strcmp(argv[i - 1], "--set") == 0 && strchr(argv[i], '='); i += 2) {
        char *key = argv[i], *value = strchr(key, '=');
        *value++ = '\0';
        if (wa_config_set(config, key, value, &error))
            return failed("configuration", error);
    }
    if (wa_client_new(config, NULL, &client, &error))
        return failed("client", error);
    wa_config_free(config);
    if (!wa_client_is_linked(client)) {
        fprintf(stderr, "Not linked yet: run pair first.\n");
        return 1;
    }
    if (wa_client_connect(client, &error))
        return failed("connect", error);

    while (wa_poll_event(client, -1, &event, &error) == WA_OK) {
        if (wa_event_type(event) == WA_EVENT_READY)
            printf("Ready as %s\n", wa_event_jid(event)), fflush(stdout);
        /* The id of the answer follows from that of the question: answered
         * twice, after a crash, it is sent once. */
        if (is_text(event)) {
            char id[160];
            snprintf(id, sizeof id, "echo-%s", wa_event_message_id(event));
            if (wa_send_text(client, wa_event_chat(event), wa_event_text(event), id, NULL, &error))
                return failed("send", error);
        }
        wa_event_ack(event);
        wa_event_free(event);
    }
    wa_client_free(client);
    return error ? failed("poll", error) : 0;
}
