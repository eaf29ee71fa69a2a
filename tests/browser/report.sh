#!/bin/sh
# Opens a report on the bundled photos in headless Chromium: fails if the page asks the network for anything or writes to the
# console, and draws screenshots/report.png and a PDF. Needs chromium (Debian: apt-get install chromium).
#
# usage: tests/browser/report.sh [PROGRAM]      PROGRAM is target/release/camroi unless given
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "${1:-target/release/camroi}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_DATA_HOME="$work/data"
"$program" demo --no-window --out "$work/demo.camroi" >"$work/table.txt" 2>&1
"$program" report "$work/demo.camroi" --class fish --class building --images-per-class 4 --out "$work/report.html"

# A proxy that nobody answers: what is not in the page cannot be had.
browse() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
        --proxy-server=127.0.0.1:9 --enable-logging=stderr --log-net-log="$work/net.json" "$@" \
        "file://$work/report.html" 2>"$work/log"
    if grep -E 'CONSOLE' "$work/log"; then
        echo "the page writes to the console" >&2
        exit 1
    fi
    # Chromium has requests of its own (updates, accounts); those of the page name its site.
    if grep -oE 'site=file:.{0,80}"url":"https?:[^"]*"' "$work/net.json"; then
        echo "the page asks the network" >&2
        exit 1
    fi
}

browse --window-size=1280,3800 --screenshot="$work/report.png"
browse --print-to-pdf="$work/report.pdf" --no-pdf-header-footer
cp "$work/report.png" screenshots/report.png
cp "$work/report.pdf" "${TMPDIR:-/tmp}/camroi-report.pdf"
echo "screenshots/report.png, ${TMPDIR:-/tmp}/camroi-report.pdf"
