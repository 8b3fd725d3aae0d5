/* A host that cancels threads within calls, and that closes what is left open behind the library:
 *
 *     leave STORE URL ROUNDS
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <wa.h>

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

static char **given;

/* Makes clients and frees them, until it is cancelled. */
static void *use(void *unused)
{
    for (;;) {
        wa_config *config = wa_config_new();
        CHECK(config != NULL);
        CHECK(wa_config_set(config, "store.url", given[1], NULL) == WA_OK);
        CHECK(wa_config_set(config, "server.url", given[2], NULL) == WA_OK);
        wa_client *client = NULL;
        CHECK(wa_client_new(config, NULL, &client, NULL) == WA_OK);
        CHECK(wa_client_connect(client, NULL) == WA_OK);
        wa_event *event = NULL;
        CHECK(wa_poll_event(client, 1, &event, NULL) < 100);
        wa_event_free(event);
        wa_client_free(client);
        wa_config_free(config);
        pthread_testcancel();
    }
    return unused;
}

static int descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

int main(int count, char **arguments)
{
    CHECK(count == 4);
    given = arguments;
    int before = descriptors();
    for (int round = 0; round < atoi(arguments[3]); round++) {
        pthread_t thread;
        void *result = NULL;
        CHECK(pthread_create(&thread, NULL, use, NULL) == 0);
        usleep((useconds_t)(round * 37 % 5000));
        CHECK(pthread_cancel(thread) == 0);
        CHECK(pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    /* The library's threads end behind the last client. */
    for (int wait = 0; descriptors() != before; wait++) {
        CHECK(wait < 6000);
        usleep(10000);
    }
    return 0;
}
