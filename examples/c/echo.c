/* Answers every text with the same text.
 *
 *   echo [--set KEY=VALUE]...
 *
 * The session is kept in pair.db, where the program pair.c links it. Stop it
 * with Ctrl-C: what it has not acknowledged comes again when it is started again.
 * A lost connection is made again; when it is given up, the program says why and ends with status 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wa.h>

static int failed(const char *what, wa_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", what, wa_error_name(error), wa_error_text(error));
    wa_error_free(error);
    return EXIT_FAILURE;
}

/* Whether the event is a text of somebody else. */
static int is_text(const wa_event *event)
{
    const char *kind = wa_event_message_kind(event);
    return kind != NULL && strcmp(kind, "text") == 0 && !wa_event_is_from_me(event);
}

/* Says why the connection was lost. True if it is not made again. */
static int is_over(const wa_event *event)
{
    if (wa_event_text(event) != NULL)
        fprintf(stderr, "%s: %s\n", wa_event_state(event), wa_event_text(event));
    if (wa_event_retry_after_ms(event) > 0)
        fprintf(stderr, "Trying again in %.1f seconds.\n", wa_event_retry_after_ms(event) / 1000.0);
    return wa_event_is_final(event);
}

/* Handles events until the client closes or gives up. */
static int run(wa_client *client)
{
    wa_error *error = NULL;
    wa_event *event = NULL;
    wa_status status;
    int over = 0;

    while (!over && (status = wa_poll_event(client, -1, &event, &error)) != WA_CLOSED) {
        if (status != WA_OK)
            return failed("poll", error);
        switch (wa_event_type(event)) {
        case WA_EVENT_READY:
            printf("Ready as %s\n", wa_event_jid(event));
            fflush(stdout);
            break;
        case WA_EVENT_MESSAGE:
            /* One of an earlier run is answered like any other: the id of the answer follows from that of the
             * question, so what is answered twice is sent once. */
            if (is_text(event)) {
                char id[129];
                int size = snprintf(id, sizeof id, "echo-%s-%s", wa_event_chat(event), wa_event_message_id(event));
                const char *own = size < (int)sizeof id ? id : NULL; /* the library makes one */
                if (wa_send_text(client, wa_event_chat(event), wa_event_text(event), own, NULL, &error))
                    return failed("send", error);
            }
            break;
        case WA_EVENT_CONNECTION:
            over = is_over(event);
            break;
        case WA_EVENT_RESTRICTED:
        case WA_EVENT_LOGGED_OUT:
            /* One of an earlier run tells of the past: where it is still so, the server says it again. */
            if (!wa_event_is_redelivered(event))
                fprintf(stderr, "%s\n", wa_event_user_text(event));
            break;
        default: /* every program meets events that it does not know */
            break;
        }
        wa_event_ack(event);
        wa_event_free(event);
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    wa_config *config = wa_config_new();
    wa_client *client = NULL;
    wa_error *error = NULL;

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
        fprintf(stderr, "Not linked: run pair first.\n");
        return EXIT_FAILURE;
    }
    if (wa_client_connect(client, &error))
        return failed("connect", error);
    int result = run(client);
    wa_client_free(client);
    return result;
}
