void omoi_bench_placeholder(void);
