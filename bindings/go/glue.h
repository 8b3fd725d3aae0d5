/* What Go fetches from the library with one crossing. */
#ifndef LIBWA_GO_GLUE_H
#define LIBWA_GO_GLUE_H

#include <fcntl.h>
#include <string.h>
#include <wa.h>

/* What a poll brought. */
typedef struct {
    uint64_t id;
    uint64_t client;
    uint64_t request;
    int64_t time_ms;
    wa_event *event;  /* NULL when nothing more will be wanted of it */
    const char *json; /* its text when the room was too small, else NULL */
    size_t length;    /* of the text */
    wa_error *error;
    uint32_t type;
    bool redelivered;
} golibwa_taken;

/* Copies an event out, and frees it unless it can be acknowledged or drawn. */
static inline void golibwa_copy(golibwa_taken *taken, char *room, size_t size)
{
    wa_event *event = taken->event;

    taken->type = wa_event_type(event);
    taken->id = wa_event_id(event);
    taken->client = wa_event_client(event);
    taken->request = wa_event_request(event);
    taken->time_ms = wa_event_time_ms(event);
    taken->redelivered = wa_event_is_redelivered(event);
    taken->json = wa_event_json(event, &taken->length);
    if (taken->json == NULL)
        taken->length = 0;
    if (taken->length > size)
        return;
    memcpy(room, taken->json, taken->length);
    taken->json = NULL;
    if (!wa_event_is_durable(event) && taken->type != WA_EVENT_PAIRING_QR) {
        wa_event_free(event);
        taken->event = NULL;
    }
}

/* Takes an event of a shared queue, without waiting. */
static inline wa_status golibwa_poll_queue(wa_queue *queue, char *room, size_t size, golibwa_taken *taken)
{
    wa_status status = wa_queue_poll(queue, 0, &taken->event, &taken->error);

    if (status == WA_OK)
        golibwa_copy(taken, room, size);
    return status;
}

/* The same for the queue of a single client. */
static inline wa_status golibwa_poll_client(wa_client *client, char *room, size_t size, golibwa_taken *taken)
{
    wa_status status = wa_poll_event(client, 0, &taken->event, &taken->error);

    if (status == WA_OK)
        golibwa_copy(taken, room, size);
    return status;
}

/* Acknowledges an event and frees it. */
static inline wa_status golibwa_ack(wa_event *event)
{
    wa_status status = wa_event_ack(event);

    wa_event_free(event);
    return status;
}

/* A descriptor of the caller's own that is readable when the queue's is; -1 when there is none. */
static inline int golibwa_descriptor(wa_queue *queue)
{
    int descriptor = wa_queue_fd(queue);

    return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

/* What an error says. The texts are borrowed from it. */
typedef struct {
    wa_status status;
    const char *text;
    const char *key;
    uint32_t retry_after_ms;
    bool is_retryable;
} golibwa_fault;

static inline void golibwa_explain(const wa_error *error, golibwa_fault *fault)
{
    fault->status = wa_error_status(error);
    fault->text = wa_error_text(error);
    fault->key = wa_error_key(error);
    fault->retry_after_ms = wa_error_retry_after_ms(error);
    fault->is_retryable = wa_error_is_retryable(error);
}

#endif
