#ifndef OMOI_CCURL_SHIM_H
#define OMOI_CCURL_SHIM_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Variadic functions cannot be called from Swift: one wrapper per type of the last argument, and nothing else.

typedef size_t (*omoi_curl_data_callback)(char *data, size_t size, size_t count, void *context);

static inline CURLcode omoi_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode omoi_curl_set_string(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode omoi_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode omoi_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode omoi_curl_set_callback(CURL *easy, CURLoption option, omoi_curl_data_callback value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode omoi_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

static inline CURLMcode omoi_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

static inline CURLcode omoi_curl_message_result(const CURLMsg *message) {
    return message->data.result;
}

#endif
