# Runs inside of the machine, which gets it as a credential: does what is asked for on the second serial port, one command
# at a time. A line "run NUMBER SECONDS COMMAND" is answered by "done NUMBER STATUS OUTPUT"; COMMAND and OUTPUT in Base64.
port=/dev/ttyS1
answer_bytes_max=262144

stty -F "$port" raw -echo
exec 3<>"$port"
echo ready >&3 # what is sent to a port that nobody has open is lost
while read -r verb number seconds command <&3; do
  [ "$verb" = run ] || continue
  output=$(base64 -d <<<"$command" | timeout --kill-after=5 "$seconds" bash 2>&1 | head -c "$answer_bytes_max" | base64 -w 0
    exit "${PIPESTATUS[1]}")
  echo "done $number $? $output" >&3
done
