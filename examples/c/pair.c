/* Links this program to a WhatsApp account as a companion device, by pairing code or by QR.
 *
 *   pair [--qr] [--set KEY=VALUE]... [+NUMBER]
 *
 * As it stands it talks to the real WhatsApp; examples/run passes the simulator's address and root key with --set.
 * The session is kept in pair.db: run it again, and it is ready without pairing. When the phone has unlinked it meanwhile, it
 * says so and ends with status 1, and asks for a new code when it is run after that.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wa.h>

static const char STEPS[] =
    "On the phone: WhatsApp > Settings > Linked devices > Link a device > Link with phone number instead.\n"
    "Then type this code:\n";

/* Prints what went wrong and what to do about it. */
static int failed(wa_error *error)
{
    fprintf(stderr, "%s: %s\n", wa_error_name(error), wa_error_text(error));
    if (wa_error_retry_after_ms(error) > 0)
        fprintf(stderr, "Try again in %" PRIu32 " seconds.\n", wa_error_retry_after_ms(error) / 1000);
    wa_error_free(error);
    return EXIT_FAILURE;
}

/* The time left for the code, on one line that is written again and again. */
static void count_down(int64_t expires_at_ms)
{
    int left = (int)(expires_at_ms / 1000 - (int64_t)time(NULL));
    printf("\r        valid for %d:%02d ", left > 0 ? left / 60 : 0, left > 0 ? left % 60 : 0);
    fflush(stdout);
}

/* Shows events until the session is ready (EXIT_SUCCESS) or cannot become so (EXIT_FAILURE). */
static int follow(wa_client *client)
{
    int64_t expires_at_ms = 0; /* of the code on the screen, 0 when there is none */
    int result = -1;

    while (result < 0) {
        wa_error *error = NULL;
        wa_event *event = NULL;
        wa_status status = wa_poll_event(client, 1000, &event, &error);
        if (status == WA_TIMEOUT) {
            if (expires_at_ms > 0)
                count_down(expires_at_ms);
            continue;
        }
        if (status == WA_CLOSED)
            return EXIT_FAILURE;
        if (status != WA_OK)
            return failed(error);

        switch (wa_event_type(event)) {
        case WA_EVENT_PAIRING_CODE:
            expires_at_ms = wa_event_expires_at_ms(event);
            printf("%s\n        %s\n\n", STEPS, wa_event_code_display(event));
            count_down(expires_at_ms);
            break;
        case WA_EVENT_PAIRING_QR:
            printf("Scan with WhatsApp > Settings > Linked devices > Link a device:\n\n%s\n",
                   (const char *)wa_event_qr_image(event, "text", NULL));
            break;
        case WA_EVENT_PAIRING_PROGRESS:
            if (expires_at_ms > 0)
                printf("\n\n");
            expires_at_ms = 0;
            printf("%s\n", wa_event_user_text(event));
            break;
        case WA_EVENT_READY:
            printf("Ready, as %s.\n", wa_event_jid(event));
            result = EXIT_SUCCESS;
            break;
        case WA_EVENT_PAIRING_EXPIRED:
        case WA_EVENT_PAIRING_ERROR:
            expires_at_ms = 0;
            fprintf(stderr, "\n%s\n", wa_event_user_text(event));
            if (wa_event_text(event) != NULL)
                fprintf(stderr, "%s\n", wa_event_text(event));
            if (!wa_event_is_refreshing(event))
                result = EXIT_FAILURE;
            break;
        case WA_EVENT_RESTRICTED:
        case WA_EVENT_LOGGED_OUT:
            /* One that an earlier run left behind tells of the past: where it is still so, the server says it again. */
            if (wa_event_is_redelivered(event))
                break;
            fprintf(stderr, "\n%s\n", wa_event_user_text(event));
            if (wa_event_type(event) == WA_EVENT_LOGGED_OUT)
                result = EXIT_FAILURE;
            break;
        case WA_EVENT_CONNECTION:
            if (wa_event_is_final(event)) {
                fprintf(stderr, "\n%s\n", wa_event_text(event));
                result = EXIT_FAILURE;
            }
            break;
        default: /* every program meets events that it does not know */
            break;
        }
        wa_event_ack(event);
        wa_event_free(event);
    }
    return result;
}

int main(int argc, char **argv)
{
    const char *number = NULL;
    int qr = 0;
    wa_error *error = NULL;
    wa_client *client = NULL;
    wa_config *config = wa_config_new();

    wa_config_set(config, "store.url", "sqlite:pair.db", NULL);
    /* Somebody waits in front of the screen: a connection that fails is told, and not made again and again. */
    wa_config_set(config, "reconnect.auto", "false", NULL);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--qr") == 0) {
            qr = 1;
        } else if (strcmp(argv[i], "--set") == 0 && i + 1 < argc && strchr(argv[i + 1], '=') != NULL) {
            char *key = argv[++i], *value = strchr(key, '=');
            *value++ = '\0';
            if (wa_config_set(config, key, value, &error) != WA_OK)
                return failed(error);
        } else if (argv[i][0] != '-' && number == NULL) {
            number = argv[i];
        } else {
            fprintf(stderr, "usage: %s [--qr] [--set KEY=VALUE]... [+NUMBER]\n", argv[0]);
            return EXIT_FAILURE;
        }
    }

    if (wa_client_new(config, NULL, &client, &error) != WA_OK || wa_client_connect(client, &error) != WA_OK)
        return failed(error);
    wa_config_free(config);

    if (!wa_client_is_linked(client)) {
        wa_status asked = number && !qr ? wa_request_pairing(client, number, NULL, NULL, &error)
                                        : wa_request_qr(client, NULL, &error);
        if (asked != WA_OK)
            return failed(error);
    }
    int result = follow(client);
    wa_client_free(client);
    return result;
}
