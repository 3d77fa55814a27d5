# $1: the signal that stops the server; $2: its directory. Reads the id of the server's process whenever it changes; `-` when there is none.
# At the end of the input, which is also when whoever started it was killed, it stops the server and removes the directory.
pid=-
while read -r next; do pid=$next; done
if [ "$pid" != - ]; then
    # What was paused cannot stop.
    kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null
    kill -s "$1" "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 600 ]; do
        # Dead, and nobody there who asks how it ended.
        case $(cat "/proc/$pid/stat" 2>/dev/null) in *') Z '*) break ;; esac
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -KILL "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null
fi
rm -rf "$2"
