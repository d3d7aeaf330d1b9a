#include "baselines.h"
void omoi_bench_placeholder(void) {}
