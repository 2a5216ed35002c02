#!/bin/sh
# Wait until agents of this run have ended: ./await [--any] [--timeout SECONDS] ID...
# It watches the front matter of the response files beside it and needs nothing but a shell.
# Ends 0 when all succeeded, 1 when one failed or was skipped, 5 when one was killed, 6 when one is unverified or empty,
# 124 when the time is over, 2 when it was called wrongly.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 2
any=0 timeout=
while [ $# -gt 0 ]; do
    case $1 in
        --any) any=1; shift ;;
        --timeout) timeout=$2; shift 2 || exit 2 ;;
        --) shift; break ;;
        -*) echo "await: unknown option $1" >&2; exit 2 ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || { echo "usage: await [--any] [--timeout SECONDS] ID..." >&2; exit 2; }
field() { sed -n "2,/^---\$/s/^$2: *//p" "$here/$1.md" 2>/dev/null | head -n 1; }
code_of() {
    case $(field "$1" status) in
        succeeded) case $(field "$1" verdict) in verified) echo 0 ;; *) echo 6 ;; esac ;;
        failed|skipped|lost) echo 1 ;;
        killed) echo 5 ;;
        *) echo . ;;
    esac
}
start=$(date +%s)
while :; do
    left=0 ended=0 codes=
    for id in "$@"; do
        code=$(code_of "$id")
        if [ "$code" = . ]; then left=$((left + 1)); else ended=$((ended + 1)); codes="$codes $code"; fi
    done
    if [ "$left" -eq 0 ] || { [ "$any" -eq 1 ] && [ "$ended" -gt 0 ]; }; then
        for id in "$@"; do
            [ "$(code_of "$id")" = . ] || echo "$id $(field "$id" status) $(field "$id" verdict)"
        done
        for worst in 5 1 6; do case "$codes " in *" $worst "*) exit "$worst" ;; esac; done
        exit 0
    fi
    if [ -n "$timeout" ] && [ $(($(date +%s) - start)) -ge "$timeout" ]; then
        echo "await: still running after $timeout s" >&2; exit 124
    fi
    sleep 0.2
done
