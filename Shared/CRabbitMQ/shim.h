#ifndef OMOI_CRABBITMQ_SHIM_H
#define OMOI_CRABBITMQ_SHIM_H

// Debian 12 ships rabbitmq-c 0.11 with flat headers; 0.12 and later keep them in a folder.
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#endif
