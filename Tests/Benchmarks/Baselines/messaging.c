#include "baselines.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static amqp_connection_state_t open_channel(omoi_broker broker) {
  amqp_connection_state_t connection = amqp_new_connection();
  amqp_socket_t *socket = amqp_tcp_socket_new(connection);
  if (!socket || amqp_socket_open(socket, broker.host, broker.port)) return NULL;
  amqp_rpc_reply_t reply = amqp_login(connection, "/", 0, 131072, 30, AMQP_SASL_METHOD_PLAIN, broker.user,
                                      broker.password);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return NULL;
  amqp_channel_open(connection, 1);
  if (amqp_get_rpc_reply(connection).reply_type != AMQP_RESPONSE_NORMAL) return NULL;
  return connection;
}

static void close_connection(amqp_connection_state_t connection) {
  amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connection);
}

double omoi_baseline_publish(omoi_broker broker, const char *queue, int messages, int body_bytes, int window) {
  amqp_connection_state_t connection = open_channel(broker);
  if (!connection) return -1;
  amqp_confirm_select(connection, 1);
  char *body = malloc((size_t)body_bytes);
  memset(body, 'x', (size_t)body_bytes);
  amqp_basic_properties_t properties = {0};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
  properties.delivery_mode = 2;
  properties.content_type = amqp_cstring_bytes("application/json");
  amqp_bytes_t bytes = {(size_t)body_bytes, body};

  double start = now();
  long published = 0, confirmed = 0;
  while (confirmed < messages) {
    while (published < messages && published - confirmed < window) {
      if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0, &properties, bytes))
        return -1;
      published++;
    }
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) return -1;
    if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      amqp_basic_ack_t *ack = frame.payload.method.decoded;
      if (ack->multiple)
        confirmed = (long)ack->delivery_tag;
      else
        confirmed++;
    }
    amqp_maybe_release_buffers(connection);
  }
  double elapsed = now() - start;
  free(body);
  close_connection(connection);
  return elapsed;
}

double omoi_baseline_consume(omoi_broker broker, const char *queue, int messages, int prefetch, int batch) {
  amqp_connection_state_t connection = open_channel(broker);
  if (!connection) return -1;
  amqp_basic_qos(connection, 1, 0, (uint16_t)prefetch, 0);
  double start = now();
  amqp_basic_consume(connection, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
  if (amqp_get_rpc_reply(connection).reply_type != AMQP_RESPONSE_NORMAL) return -1;
  for (int received = 1; received <= messages; received++) {
    amqp_envelope_t envelope;
    amqp_maybe_release_buffers(connection);
    if (amqp_consume_message(connection, &envelope, NULL, 0).reply_type != AMQP_RESPONSE_NORMAL) return -1;
    if (received % batch == 0 || received == messages) amqp_basic_ack(connection, 1, envelope.delivery_tag, 1);
    amqp_destroy_envelope(&envelope);
  }
  double elapsed = now() - start;
  close_connection(connection);
  return elapsed;
}
