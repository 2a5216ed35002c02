#!/bin/sh
# Wait until agents of this run have ended: ./await [--any] [--timeout SECONDS] ID...
# It watches the front matter of the response files beside it and needs nothing but a shell.
# Ends 0 when all succeeded, 1 when one failed or was skipped, 3 when all that has not ended is blocked on a person,
# 4 when one reached a limit, 5 when one was killed, 6 when one is unverified or empty, 124 when the time is over,
# 2 when it was called wrongly.
usage() { echo "await: $1; usage: await [--any] [--timeout 30s|10m|2h] ID..." >&2; exit 2; }
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 2
any=0 timeout=
while [ $# -gt 0 ]; do
    case $1 in
        --any) any=1; shift ;;
        --timeout) [ $# -ge 2 ] || usage "--timeout needs a duration"; timeout=$2; shift 2 ;;
        --timeout=*) timeout=${1#*=}; shift ;;
        --) shift; break ;;
        -*) usage "unknown option $1" ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || usage "which agents?"
for id in "$@"; do
    case ${id#a} in "$id"|''|*[!0-9]*) usage "$id is no agent id" ;; esac
done
unit=1
case $timeout in
    *s) timeout=${timeout%s} ;;
    *m) timeout=${timeout%m} unit=60 ;;
    *h) timeout=${timeout%h} unit=3600 ;;
    '') unit=0 ;;
esac
case $timeout in *[!0-9]*) usage "--timeout is whole seconds, or 10m, or 2h" ;; esac
[ "$unit" -eq 0 ] || [ -n "$timeout" ] || usage "--timeout is whole seconds, or 10m, or 2h"

field() { sed -n "2,/^---\$/s/^$2: *//p" "$here/$1.md" 2>/dev/null | head -n 1; }
code_of() {
    case $(field "$1" status) in
        succeeded) case $(field "$1" verdict) in verified) echo 0 ;; *) echo 6 ;; esac ;;
        failed|skipped|lost) case $(field "$1" reason) in budget|limit) echo 4 ;; *) echo 1 ;; esac ;;
        killed) echo 5 ;;
        blocked) echo blocked ;;
        *) echo going ;;
    esac
}
finish() {
    for id in "$@"; do
        [ -z "$(field "$id" status)" ] || echo "$id $(field "$id" status) $(field "$id" verdict)"
    done
    exit "$code"
}
start=$(date +%s)
while :; do
    going=0 blocked=0 codes=
    for id in "$@"; do
        code=$(code_of "$id")
        case $code in
            going) going=$((going + 1)) ;;
            blocked) blocked=$((blocked + 1)) ;;
            *) codes="$codes $code" ;;
        esac
    done
    if [ $((going + blocked)) -eq 0 ] || { [ "$any" -eq 1 ] && [ -n "$codes" ]; }; then
        for code in 5 1 4 6 0; do case "$codes " in *" $code "*) finish "$@" ;; esac; done
    fi
    if [ "$going" -eq 0 ]; then code=3; finish "$@"; fi
    if [ "$unit" -gt 0 ] && [ $(($(date +%s) - start)) -ge $((timeout * unit)) ]; then
        echo "await: not ended after $((timeout * unit)) s" >&2
        code=124; finish "$@"
    fi
    sleep 0.2
done
