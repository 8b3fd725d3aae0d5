/* A host that may be killed at any moment.
 *
 *   crash NOTES LIMIT [--to CHAT]... [--set KEY=VALUE]...
 *
 * It sends the texts "out 1", "out 2" and so on, up to the one of number
 * LIMIT, to the chats in turn, under ids of its own, a few at a time. In NOTES
 * it writes down, line by line, every event about messages before it
 * acknowledges it, and "sent N" for each text that the server has taken. After
 * a crash it sends everything again of which it has no note; the ids see to it
 * that nothing arrives twice.
 *
 * When the disk is full it waits until it can write again, and connects again
 * if the library had to give up the connection because of that.
 *
 * For each line it prints a dot. It ends, closing the client, with its
 * standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wa.h>

enum { PAUSE_US = 20000, MOST = 100000, AT_ONCE = 16, CHATS = 8 };

static bool sent[MOST + 1];
static struct {
    uint64_t request;
    long number;
} under_way[AT_ONCE];
static int notes;

static void fail(const char *what, wa_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? wa_error_text(error) : "");
    exit(1);
}

/* One line. If the disk is full, the rest of it is for later. */
static void note(const char *line, size_t length)
{
    for (size_t written = 0; written < length;) {
        ssize_t more = write(notes, line + written, length - written);
        if (more > 0)
            written += (size_t)more;
        else if (errno == ENOSPC || errno == EFBIG)
            usleep(PAUSE_US);
        else
            fail("notes", NULL);
    }
    if (write(STDOUT_FILENO, ".", 1) != 1)
        fail("dots", NULL);
}

static void note_event(const wa_event *event)
{
    size_t length = 0;
    const char *json = wa_event_json(event, &length);
    char *line = malloc(length + 1);
    if (json == NULL || line == NULL)
        fail("event", NULL);
    memcpy(line, json, length);
    line[length] = '\n';
    note(line, length + 1);
    free(line);
}

static void note_sent(long number)
{
    char line[32];
    note(line, (size_t)snprintf(line, sizeof line, "sent %ld\n", number));
    sent[number] = true;
}

/* What an earlier life has noted. A line that it could not finish goes. */
static void read_notes(const char *path)
{
    notes = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length = 0;
    long number = 0;
    off_t whole = 0;
    if (notes < 0 || file == NULL)
        fail("notes", NULL);
    while ((length = getline(&line, &room, file)) > 0 && line[length - 1] == '\n') {
        if (sscanf(line, "sent %ld", &number) == 1 && number > 0 && number <= MOST)
            sent[number] = true;
        whole += length;
    }
    free(line);
    fclose(file);
    if (ftruncate(notes, whole) != 0)
        fail("notes", NULL);
}

static bool is_under_way(long number)
{
    for (int i = 0; i < AT_ONCE; i++)
        if (under_way[i].request != 0 && under_way[i].number == number)
            return true;
    return false;
}

/* Sends as many as may be under way at once. */
static void send_more(wa_client *client, long limit, char *const *chats, int chat_count)
{
    static long first = 1;
    wa_error *error = NULL;
    while (first <= limit && sent[first])
        first++;
    long number = first;
    for (int i = 0; i < AT_ONCE; i++) {
        if (under_way[i].request != 0)
            continue;
        while (number <= limit && (sent[number] || is_under_way(number)))
            number++;
        if (number > limit)
            return;
        char text[32], id[32];
        snprintf(text, sizeof text, "out %ld", number);
        snprintf(id, sizeof id, "OUT-%ld", number);
        if (wa_send_text(client, chats[number % chat_count], text, id, &under_way[i].request, &error))
            fail("send", error);
        under_way[i].number = number;
    }
}

static void answered(const wa_event *event)
{
    for (int i = 0; i < AT_ONCE; i++) {
        if (under_way[i].request == 0 || under_way[i].request != wa_event_request(event))
            continue;
        under_way[i].request = 0;
        if (wa_event_status(event) == WA_OK) {
            note_sent(under_way[i].number);
        } else {
            note_event(event);
            usleep(PAUSE_US);
        }
    }
}

int main(int argc, char **argv)
{
    wa_config *config = wa_config_new();
    wa_client *client = NULL;
    wa_error *error = NULL;
    wa_event *event = NULL;
    char *chats[CHATS];
    int chat_count = 0;

    /* A file that may not grow is an error of a write, and no signal. */
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 3)
        fail("crash NOTES LIMIT [--to CHAT]... [--set KEY=VALUE]...", NULL);
    long limit = strtol(argv[2], NULL, 10);
    if (limit > MOST)
        fail("too many", NULL);
    for (int i = 3; i + 1 < argc; i += 2) {
        char *value = strchr(argv[i + 1], '=');
        if (strcmp(argv[i], "--to") == 0 && chat_count < CHATS) {
            chats[chat_count++] = argv[i + 1];
        } else if (strcmp(argv[i], "--set") == 0 && value != NULL) {
            *value++ = '\0';
            if (wa_config_set(config, argv[i + 1], value, &error))
                fail(argv[i + 1], error);
        } else {
            fail(argv[i], NULL);
        }
    }
    if (chat_count == 0)
        limit = 0;
    read_notes(argv[1]);
    if (wa_client_new(config, NULL, &client, &error))
        fail("client", error);
    wa_config_free(config);
    if (wa_client_connect(client, &error))
        fail("connect", error);

    bool closing = false, closed = false;
    while (!closed) {
        struct pollfd ready[2] = {
            { .fd = wa_queue_fd(wa_client_queue(client)), .events = POLLIN },
            { .fd = STDIN_FILENO, .events = POLLIN },
        };
        if (!closing)
            send_more(client, limit, chats, chat_count);
        poll(ready, closing ? 1 : 2, -1);
        if (!closing && ready[1].revents != 0) {
            wa_client_close(client);
            closing = true;
        }
        while (wa_poll_event(client, 0, &event, NULL) == WA_OK) {
            switch (wa_event_type(event)) {
            case WA_EVENT_MESSAGE:
            case WA_EVENT_MESSAGE_UNREADABLE:
            case WA_EVENT_RECEIPT:
            case WA_EVENT_RESTRICTED:
            case WA_EVENT_LOGGED_OUT:
                note_event(event);
                break;
            case WA_EVENT_RESULT:
                if (!closing)
                    answered(event);
                break;
            case WA_EVENT_CONNECTION:
                if (closing || strcmp(wa_event_state(event), "disconnected") != 0)
                    break;
                note_event(event);
                usleep(PAUSE_US);
                if (wa_client_connect(client, &error))
                    fail("connect", error);
                break;
            case WA_EVENT_CLOSED:
                if (!closing)
                    fprintf(stderr, "closed unasked: %s\n", wa_event_json(event, NULL));
                closed = true;
                break;
            default:
                break;
            }
            wa_event_ack(event);
            wa_event_free(event);
        }
    }
    wa_client_free(client);
    return 0;
}
