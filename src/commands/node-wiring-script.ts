/** Chain of our own in the nodes' nat table. */
const chain = 'KIND-FLAT-NETWORK'

/** Marks our routes on a node (`ip route show proto 171`); not one of the numbers iproute2 gives a name. */
const protocol = '171'

/**
 * How long a neighbour counts as reachable, when it is asked again, and how often: a next hop that is gone is noticed
 * within 3 seconds, where 15 to 50 are usual. What the kernel waits for is told in `net/core/neighbour.c`.
 */
const neighbour = ['base_reachable_time_ms 1500', 'delay_first_probe_time 1', 'retrans_time_ms 200'] as const

/** Held by whoever wires a node. It is gone with the last process that holds it, and with a restart. */
const lock = '/run/kind-flat-network.lock'
/** So long a wiring waits for another one; each takes about a second. */
const lockSeconds = 60

/**
 * Runs the script at boot, before kubelet starts a pod. kube-proxy puts its jump first when it starts, kindnet puts its
 * own last, and so the order is right again.
 */
const unit = `[Unit]
Description=Routes and NAT towards the other clusters
Before=kubelet.service

[Service]
Type=oneshot
ExecStart=/bin/bash /etc/kind-flat-network/wire
TimeoutStartSec=${String(lockSeconds + 30)}

[Install]
WantedBy=multi-user.target
`

/**
 * Reads what is wanted and what is there, prints what to do, a line for each step: `ip`, `nat4` and `nat6` for the batch
 * of ip and for iptables-restore, `sysctl`, and `told` for people.
 *
 * - ip shows all routes, then those in each subnet: what is shown again is ours to judge, as is what carries our
 *   protocol. (Asked for a protocol, ip would not print it.)
 * - Routes are compared by what counts: type, destination, next hops in any order, protocol. Everything that ip shows
 *   beyond (another metric, a type of service) makes it a route that is not ours. What is wrong is deleted exactly, first
 *   what others added: ip mistakes a protocol's name after a number (`rtnl_rtprot_a2n` keeps the wrong one of both).
 *   Members of an IPv6 multipath route may be of several protocols, of which ip shows one.
 * - Several next hops are a group of nexthop objects: of these alone the kernel passes over members whose neighbour
 *   does not answer, in both families (`nexthop_select_path` in `net/ipv4/nexthop.c`). A plain IPv6 multipath route does
 *   not on a node that forwards. All groups are made anew when one must change, so no object is left behind.
 * - Packets in our chain are accepted, so no later chain masquerades them, whichever CNI put it there. The chain stands
 *   right behind kube-proxy's, which must see a packet first, or what it marked is not masqueraded.
 */
const compare = `
  function read_route(line,    word, words, i, j, hop, names, out, rest, more) {
    words = split(line, word)
    i = 1
    type = word[1] ~ /[.:]|^default$/ ? "unicast" : word[i++]
    destination = word[i++]
    if (destination !~ /\\/|^default$/) destination = destination (destination ~ /:/ ? "/128" : "/32")
    object = names = rest = out = more = ""
    hops = 0
    origin = "boot"
    for (; i <= words; i++) {
      if (word[i] ~ /^(dead|linkdown)$/) continue
      if (word[i] == "nhid") object = " nhid " word[i + 1]
      if (word[i] ~ /^(pref|error|expires|nhid)$/) { i++; continue }
      if (word[i] == "proto") { origin = word[++i]; continue }
      more = more " " word[i]
      if (word[i] == "nexthop") continue
      if (word[i] ~ /^(via|dev)$/ || (word[i] " " word[i + 1]) == "weight 1" ||
          (destination ~ /:/ && (word[i] " " word[i + 1]) == "metric 1024")) {
        if (word[i] == "dev") out = word[i + 1]
        if (word[i] == "via") {
          for (j = ++hops; j > 1 && hop[j - 1] > word[i + 1]; j--) hop[j] = hop[j - 1]
          hop[j] = word[i + 1]
        }
        more = more " " word[++i]
      } else rest = rest " " word[i]
    }
    exact = type " " destination (object ? object : (destination ~ /:/ && hops > 1 ? "" : " proto " origin) more)
    if (origin != ${protocol}) rest = rest " proto " origin
    for (j = 1; j <= hops; j++) names = names (j == 1 ? " via " : ", ") hop[j]
    if (type == "unicast" && hops == 0) names = " dev " out
    route = (type == "unicast" ? "" : type " ") "route " destination names rest
  }
  function finish_nat(    i, rule, changes, rules, jumps, before) {
    for (i = 1; i <= keeps[family]; i++) {
      rule = "-A ${chain} -d " keep[family, i] " -j ACCEPT"
      rules = rules "nat" family " " rule "\\n"
      if (rule in present) delete present[rule]
      else { changes++; print "told masquerade exemption of " keep[family, i] " added" }
    }
    for (rule in present) {
      changes++
      sub(/^-A [^ ]+ /, "", rule)
      if (rule ~ /^-d [^ ]+ -j ACCEPT$/) { split(rule, word); rule = "masquerade exemption of " word[2] }
      print "told " rule " removed"
    }
    if (!keeps[family] && !exists && !count) return
    if (!keeps[family] || count != 1 || ours[1] != kube + 1)
      for (i = 1; i <= count; i++) {
        jumps = jumps "nat" family " -D POSTROUTING -j ${chain}\\n"
        if (ours[i] < kube) before++
      }
    if (!keeps[family]) {
      printf "%snat%s -F ${chain}\\nnat%s -X ${chain}\\n", jumps, family, family
      print "told " title "chain ${chain} removed"
      return
    }
    if (jumps != "" || !count) {
      jumps = jumps "nat" family " -I POSTROUTING " kube - before + 1 " -j ${chain}\\n"
      print "told " title "chain ${chain} put " (kube ? "behind KUBE-POSTROUTING" : "first")
    }
    if (changes || jumps != "") printf "nat%s :${chain} - [0:0]\\n%s%s", family, rules, jumps
  }
  function wire_group(text,    word, words, i, ids) {
    words = split(text, word)
    for (i = 3; i <= words; i += 2) {
      if (word[i] in device) watch(word[i] ~ /:/ ? "ipv6" : "ipv4", device[word[i]])
      if (regroup && !(word[i] in id)) {
        id[word[i]] = ++last
        print "ip nexthop replace id " last " via " word[i] " dev " device[word[i]] " proto ${protocol}"
      }
      if (word[i] in device) ids = ids "/" id[word[i]]
    }
    if (!regroup) return
    print "ip nexthop replace id " ++last " group " substr(ids, 2) " proto ${protocol}"
    print "ip route replace " word[1] " nhid " last " proto ${protocol}"
  }
  function watch(stack, out) {
    if ((stack, out) in watched) return
    watched[stack, out]
    ${neighbour.map((setting) => `print "sysctl net/" stack "/neigh/" out "/${setting}"`).join('\n    ')}
  }
  BEGIN { last = ${protocol}000 }
  $1 == "=" {
    if (part == "nat") finish_nat()
    part = $2; family = $3; title = family == 6 ? "IPv6 " : ""
    count = kube = position = exists = 0
    split("", present)
    next
  }
  part == "wanted" && $1 == "keep" { family = $2 ~ /:/ ? 6 : 4; keep[family, ++keeps[family]] = $2 }
  part == "wanted" && $1 ~ /^(route|unreachable)$/ {
    sub(/^route /, "")
    read_route($0 " proto ${protocol}")
    wanted[++wants] = route
    group[route] = hops > 1
    words_of[route] = $0
  }
  part == "routes" && $1 == "id" {
    if ($3 == "group") groups = groups "ip nexthop del id " $2 "\\n"
    else members = members "ip nexthop del id " $2 "\\n"
    next
  }
  part == "routes" {
    gsub(/\\\\/, "")
    read_route($0)
    if (hops > 1 && !object) route = route " without nexthop objects"
    if (!shown[exact]++) seen[++routes] = exact
    if (origin == ${protocol}) { shown[exact]++; own[exact] }
    route_of[exact] = route
  }
  part == "hops" { for (i = 2; i < NF; i++) if ($i == "dev") device[$1] = $(i + 1) }
  part == "nat" && $1 == "-N" && $2 == "${chain}" { exists = 1 }
  part == "nat" && $1 == "-A" && $2 == "${chain}" { present[$0] }
  part == "nat" && $1 == "-A" && $2 == "POSTROUTING" {
    position++
    if (/ -j KUBE-POSTROUTING$/) kube = position
    if (/ -j ${chain}$/) ours[++count] = position
  }
  END {
    for (i = 1; i <= routes; i++) {
      if (shown[seen[i]] == 1) continue
      route = route_of[seen[i]]
      if (route in words_of) { have[route]; continue }
      if (seen[i] ~ / nhid /) regroup = 1
      if (seen[i] in own) late = late "ip route del " seen[i] "\\n"
      else print "ip route del " seen[i]
      print "told " route " removed"
    }
    printf "%s", late
    for (i = 1; i <= wants; i++) if (!(wanted[i] in have)) {
      if (group[wanted[i]]) regroup = 1
      else print "ip route replace " words_of[wanted[i]] " proto ${protocol}"
      print "told " wanted[i] " added"
    }
    if (regroup) printf "%s%s", groups, members
    for (i = 1; i <= wants; i++) if (group[wanted[i]]) wire_group(words_of[wanted[i]])
  }`

/**
 * The wiring of a node, as a bash script. Its parameter is what the node shall have, a line for each route, subnet and
 * exemption. It is kept on the node with the script itself and a unit that runs it without a parameter at boot, since a
 * restart of the container empties routes and rules. Prints a line for each change, and nothing when there was none.
 *
 * A packet to each next hop makes peers that gave this node up ask for it again. Not at boot: until kube-proxy runs, the
 * peers had better use another node for services.
 */
export const script = `set -euo pipefail
# two that read the same state would each add what is missing
exec {lock}>${lock}
if ! flock --timeout ${String(lockSeconds)} "$lock"; then
  echo 'another command has changed the routes of this node for ${String(lockSeconds)} s; wait until it ends, or restart the node, and run this again' >&2
  exit 1
fi
read_file() {
  text=
  if [ -e "$1" ]; then IFS= read -rd '' text <"$1" || :; fi
}
write_file() {
  read_file "$1"
  if [ "$text" != "$2" ]; then
    printf %s "$2" >"$1"
    written=yes
  fi
}
restore() { printf '*nat\\n%sCOMMIT\\n' "$2" | "$1-restore" --noflush --wait; }
# kube-proxy, when it starts, may have put its jump first between the look and the change
keep_order() {
  local rule position=0 kube=0 ours=0
  while read -r rule; do
    if [[ $rule == '-A POSTROUTING '* ]]; then position=$((position + 1)); fi
    if [[ $rule == *' -j KUBE-POSTROUTING' ]]; then kube=$position; fi
    if [[ $rule == *' -j ${chain}' ]]; then ours=$position; fi
  done <<<"$("$1" --wait -t nat -S POSTROUTING)"
  if ((ours > 0 && ours < kube)); then
    restore "$1" "-D POSTROUTING -j ${chain}"$'\\n'"-I POSTROUTING $kube -j ${chain}"$'\\n'
  fi
}
read_file /etc/kind-flat-network/wiring
stored=$text
if [ $# = 0 ]; then wanted=$stored; else wanted=$1; fi

show='route show table main'
shows4="nexthop show proto ${protocol}"$'\\n'$show$'\\n'
shows6=$show$'\\n'
gets= hops=
while read -r kind first rest; do
  case $kind:$first in
    subnet:*:*) shows6+="$show root $first"$'\\n' ;;
    subnet:*) shows4+="$show root $first"$'\\n' ;;
    route:*)
      hops+=" \${rest//via/}"
      if [[ $rest == *via*via* ]]; then for hop in \${rest//via/}; do gets+="route get $hop"$'\\n'; done; fi
      ;;
  esac
done <<<"$wanted"

plan=$({
  printf '= wanted\\n%s\\n= routes\\n' "$wanted"
  printf %s "$shows4" | ip -o -batch -
  if [[ $wanted$stored == *:* ]]; then printf %s "$shows6" | ip -6 -o -batch -; fi
  if [ -n "$gets" ]; then echo '= hops'; printf %s "$gets" | ip -o -force -batch - 2>/dev/null || :; fi
  echo '= nat 4'
  iptables --wait -t nat -S
  if [[ $wanted$stored == *'keep '*([0-9a-f]):* ]]; then echo '= nat 6'; ip6tables --wait -t nat -S; fi
  echo =
} | awk '${compare}')

batch= nat4= nat6= told=
while read -r kind line; do
  case $kind in
    ip) batch+="$line"$'\\n' ;;
    nat4) nat4+="$line"$'\\n' ;;
    nat6) nat6+="$line"$'\\n' ;;
    told) told+="$line"$'\\n' ;;
    sysctl)
      read -r name value <<<"$line"
      read_file "/proc/sys/$name"
      if [ -n "$text" ] && [ "$text" != "$value"$'\\n' ]; then
        echo "$value" >"/proc/sys/$name"
        told+="$name set to $value"$'\\n'
      fi
      ;;
  esac
done <<<"$plan"
status=0
if [ -n "$batch" ]; then printf %s "$batch" | ip -force -batch - || status=$?; fi
if [ -n "$nat4" ]; then { restore iptables "$nat4" && keep_order iptables; } || status=$?; fi
if [ -n "$nat6" ]; then { restore ip6tables "$nat6" && keep_order ip6tables; } || status=$?; fi

if [ $# = 1 ] && [ -n "$wanted$stored" ]; then
  for hop in $hops; do { echo >"/dev/udp/$hop/9"; } 2>/dev/null || :; done
  written=
  units=/etc/systemd/system
  if [ ! -d /etc/kind-flat-network ]; then mkdir -p /etc/kind-flat-network $units/multi-user.target.wants; fi
  write_file /etc/kind-flat-network/wiring "$wanted"
  write_file /etc/kind-flat-network/wire "$BASH_EXECUTION_STRING"
  write_file $units/kind-flat-network.service '${unit}'
  if [ ! -L $units/multi-user.target.wants/kind-flat-network.service ]; then
    ln -s ../kind-flat-network.service $units/multi-user.target.wants/
    written=yes
  fi
  if [ -n "$written" ] && [ -z "$told" ]; then told=$'what a restart of the node needs written\\n'; fi
fi
printf %s "$told"
exit $status
`
