#!/bin/sh
# A bot by long poll: answers each message that begins with "!". Needs curl and jq.
# Its own answers never begin so. Usage: sh bot.sh [http://127.0.0.1:8001]
url=${1:-http://127.0.0.1:8001}
cursor=now
answer() {
  case $1 in
    '!time') date -u ;;
    '!uptime') uptime ;;
    *) echo "I know !time and !uptime." ;;
  esac
}
while :; do
  page=$(curl -sf "$url/messages?after=$cursor&wait=30&limit=1") || { sleep 1; continue; }
  cursor=$(printf '%s' "$page" | jq -r .next)
  id=$(printf '%s' "$page" | jq -r '.messages[] | select(.text | startswith("!")) | .id')
  [ -n "$id" ] || continue
  text=$(printf '%s' "$page" | jq -r '.messages[0].text')
  answer "$text" | jq -Rs --arg id "$id" '{text: rtrimstr("\n"), reply_to: $id}' |
    curl -sf --retry 5 --retry-connrefused -o /dev/null -H 'Content-Type: application/json' -H "Idempotency-Key: bot-$id" -d @- "$url/messages"
done
