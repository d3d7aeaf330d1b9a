#ifndef OMOI_CCURL_SHIM_H
#define OMOI_CCURL_SHIM_H

#include <curl/curl.h>

#endif
