#include "baselines.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int run(sqlite3 *database, const char *sql) { return sqlite3_exec(database, sql, NULL, NULL, NULL); }

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql) {
  sqlite3_stmt *statement = NULL;
  sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  return statement;
}

static int step(sqlite3_stmt *statement) {
  int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  return result == SQLITE_DONE ? 0 : -1;
}

double omoi_baseline_store(const char *path, int messages, int batch, int body_bytes) {
  sqlite3 *database;
  if (sqlite3_open(path, &database)) return -1;
  run(database, "PRAGMA journal_mode=WAL");
  run(database, "PRAGMA synchronous=FULL");
  run(database, "CREATE TABLE inbox(id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID");
  run(database, "CREATE TABLE state(id INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT");
  run(database, "CREATE TABLE outbox(sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, body BLOB NOT NULL) "
                "STRICT");
  run(database, "BEGIN; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
                "INSERT INTO state SELECT i, 0 FROM n; COMMIT");
  sqlite3_stmt *inbox = prepare(database, "INSERT INTO inbox VALUES (?, ?)");
  sqlite3_stmt *state = prepare(database, "UPDATE state SET version = version + 1 WHERE id = ?");
  sqlite3_stmt *outbox = prepare(database, "INSERT INTO outbox(id, body) VALUES (?, ?)");
  char *body = malloc((size_t)body_bytes);
  memset(body, 'x', (size_t)body_bytes);

  double start = now();
  for (int i = 0; i < messages; i++) {
    if (i % batch == 0) run(database, "BEGIN IMMEDIATE");
    char id[40];
    int length = snprintf(id, sizeof id, "00000000-0000-7000-8000-%012d", i);
    sqlite3_bind_text(inbox, 1, id, length, SQLITE_STATIC);
    sqlite3_bind_int64(inbox, 2, i);
    sqlite3_bind_int64(state, 1, (i * 7919L) % 10000);
    sqlite3_bind_text(outbox, 1, id, length, SQLITE_STATIC);
    sqlite3_bind_blob(outbox, 2, body, body_bytes, SQLITE_STATIC);
    if (step(inbox) || step(state) || step(outbox)) return -1;
    if ((i % batch == batch - 1 || i == messages - 1) && run(database, "COMMIT") != SQLITE_OK) return -1;
  }
  double elapsed = now() - start;
  sqlite3_finalize(inbox);
  sqlite3_finalize(state);
  sqlite3_finalize(outbox);
  free(body);
  sqlite3_close(database);
  return elapsed;
}
