#!/bin/sh
# The held-out tasks of docs/training.md: sh held_out_tasks.sh OUT
set -e
# as many of two as of three, four and five sources
ensembles="--ensembles Violin,Cello --ensembles Oboe,Sax --ensembles Flute,Bassoon
  --ensembles Flute,Clarinet,Bassoon --ensembles Violin,Violin,Viola --ensembles Oboe,Viola,Cello
  --ensembles strings --ensembles winds --ensembles bach10
  --ensembles Flute,Oboe,Clarinet,Sax,Bassoon --ensembles string-quintet --ensembles clarinet-quintet"
few="--listeners-per-scene 1 --random-mixtures 0 --split valid"
named() { for piece; do printf -- '--pieces %s ' "$piece"; done; }
test=$(named bach/bwv7.7 bach/bwv26.6 bach/bwv42.7 bach/bwv52.6 bach/bwv56.5 bach/bwv97.9 bach/bwv111.6 bach/bwv128.5 \
  bach/bwv153.5 bach/bwv174.5 bach/bwv195.6 bach/bwv244.3 bach/bwv244.54 bach/bwv245.15 mozart/k155/movement2)
fit=$(named bach/bwv3.6 bach/bwv14.5 bach/bwv38.6 bach/bwv44.7 bach/bwv55.5 bach/bwv66.6 bach/bwv110.7 bach/bwv124.6 \
  bach/bwv144.6 bach/bwv166.6 mozart/k155/movement1 mozart/k155/movement3)
# shellcheck disable=SC2086
{
  rebalance render "$1/test-unseen" --font timgm $test $ensembles $few --seed 101 --gains 1 --hours 0.4
  rebalance render "$1/fit-unseen" --font timgm $fit $ensembles $few --seed 102 --gains 1 --hours 0.4
  rebalance render "$1/test-seen" --font fluidr3 --font musescore $test $ensembles $few --seed 103 --gains 1 --hours 0.4
}
