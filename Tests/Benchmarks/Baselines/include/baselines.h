#ifndef OMOI_BASELINES_H
#define OMOI_BASELINES_H

#include <stdint.h>

// What plain C does with the same library and the same guarantees: the yardstick the Swift layers are held against.
// Every function returns the elapsed seconds, or a negative number when a step failed.

typedef struct {
  const char *host;
  int port;
  const char *user;
  const char *password;
} omoi_broker;

// Publishes persistent messages with confirms and a window, and waits for the last confirm.
double omoi_baseline_publish(omoi_broker broker, const char *queue, int messages, int body_bytes, int window);

// Consumes and acknowledges (multiple, every `batch`) that many messages.
double omoi_baseline_consume(omoi_broker broker, const char *queue, int messages, int prefetch, int batch);

// Per message: inbox row, state change and outbox row; one commit per batch, WAL, synchronous=FULL.
double omoi_baseline_store(const char *path, int messages, int batch, int body_bytes);

#endif
