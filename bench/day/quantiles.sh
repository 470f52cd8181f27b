#!/bin/sh
# What plans with this or that quantile of durations do for plates, promises and limits, summed over
# seeds: `cargo build --release -p day && bench/day/quantiles.sh [SEEDS]`.
cd "$(dirname "$0")/../.." || exit 1
seeds=${1:-3}
day=target/release/day
printf '%-34s %8s %9s %7s %6s %8s\n' day quantile finished kept late limits
for load in "--backlog 600" "--backlog 100" "--backlog 600 --only electrolyte" "--backlog 60 --only qpcr"; do
    for quantile in 0.5 0.84 0.9 0.95 0.98; do
        seed=1
        while [ "$seed" -le "$seeds" ]; do
            # shellcheck disable=SC2086 # The load is several words.
            "$day" --hours 24 --faults 0 --no-split --seed "$seed" --quantile "$quantile" $load
            seed=$((seed + 1))
        done | awk -v load="$load" -v quantile="$quantile" '
            / plates finished, / { finished += $1 }
            / lags broken, / { for (i = 2; i <= NF; i++) if ($i == "lags") broken += $(i - 1) }
            / plates finished by when / { kept += $1; for (i = 2; i <= NF; i++) if ($i == "later,") late += $(i - 1) }
            END { printf "%-34s %8s %9d %7d %6d %8d\n", load, quantile, finished, kept, late, broken }'
    done
done
