#!/bin/sh
# The held-out task of recorded notes: sh held_out_notes.sh NOTES OUT; NOTES holds a folder of notes per instrument.
set -e
# no recorded viola and oboe are held out
ensembles="--ensembles Violin,Cello --ensembles Flute,Clarinet --ensembles Sax,Bassoon
  --ensembles Flute,Clarinet,Bassoon --ensembles Violin,Violin,Cello --ensembles Clarinet,Sax,Cello
  --ensembles Violin,Clarinet,Sax,Bassoon --ensembles Flute,Violin,Sax,Cello --ensembles Flute,Flute,Clarinet,Bassoon
  --ensembles Flute,Violin,Clarinet,Sax,Bassoon --ensembles Violin,Violin,Clarinet,Sax,Cello"
pieces=$(for piece in bach/bwv7.7 bach/bwv26.6 bach/bwv42.7 bach/bwv52.6 bach/bwv56.5 bach/bwv97.9 bach/bwv111.6 \
  bach/bwv128.5 bach/bwv153.5 bach/bwv174.5 bach/bwv195.6 bach/bwv244.3 bach/bwv244.54 bach/bwv245.15 \
  mozart/k155/movement2; do printf -- '--pieces %s ' "$piece"; done)
# shellcheck disable=SC2086
rebalance render "$2" --font "$1" $pieces $ensembles --listeners-per-scene 1 --random-mixtures 0 --split valid \
  --seed 111 --gains 1 --hours 0.4
