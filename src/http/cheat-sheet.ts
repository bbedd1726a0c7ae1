// What curl gets at `/`: the routes, each as a line to paste.

/** The host has passed the guard, so it holds nothing but a name and a port. */
export function cheatSheet(host: string): string {
  const url = `http://${host}`;
  return `skychat-node

post         curl -d 'disk full on db1' ${url}/messages
as JSON      curl -H 'Content-Type: application/json' -d '{"text":"hi","min_peers":1}' ${url}/messages
read         curl '${url}/messages?format=text&limit=20'
since        curl '${url}/messages?format=text&since=10m'
follow       curl -N '${url}/messages?format=text&follow=1'
resume       curl '${url}/messages?after=0&limit=100'     then after=NEXT until more is false
wait         curl '${url}/messages?after=now&wait=30'
events       curl -N ${url}/events                        resumes with Last-Event-ID
one          curl ${url}/messages/ID                      and /messages/ID/proof
peers        curl ${url}/peers
add          curl -d 'PUBLIC_KEY@HOST:PORT' ${url}/peers
remove       curl -X DELETE ${url}/peers/PUBLIC_KEY
state        curl ${url}/status                           also /feeds /groups /healthz /readyz
new group    curl -d '{"name":"ops","encrypted":true}' ${url}/groups
invite       curl -d '{"expires_in":"1d","uses":5}' ${url}/groups/ops/invites
join         curl -d 'skychat://…' ${url}/groups/join
members      curl ${url}/groups/ops/members                 POST, DELETE /groups/ops/members/KEY

GET /messages   after before limit group author since wait follow format=json|ndjson|text
POST /messages  text group reply_to min_peers timeout_ms, and the header Idempotency-Key
`;
}
