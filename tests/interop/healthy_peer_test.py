#!/usr/bin/env python3
"""A clean link as tshark and `ss -ti` see it: options on, no bad checksum, nothing sent twice."""

import re
import socket

from harness import STACK, main, receive_exactly, tcp_info, tshark

PORT = 7
TOTAL = 8 << 20
# When this machine stands still for some milliseconds the kernel probes for a lost tail (TLP), and all is
# well. What is wrong with zstack would be wrong each time.
ATTEMPTS = 4
SENT_AGAIN = "tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission"


def converse(world):
    """8 MiB in turns: (came back unchanged, `ss -ti` at the end, the capture)."""
    server = world.serve("--echo", port=PORT)
    with world.capture() as file:
        c = socket.create_connection((STACK, PORT), timeout=10)
        data = bytes(range(256)) * 256
        good = True
        for _ in range(TOTAL // len(data)):
            c.sendall(data)
            good = good and receive_exactly(c, len(data)) == data
        info = tcp_info(PORT)
        c.close()
        world.stop(server)
    return good, info, file


def is_clean(info, file):
    return info and "retrans:" not in info and "lost:" not in info and not tshark(file, SENT_AGAIN)


def scenario(world):
    for _ in range(ATTEMPTS):
        good, info, file = converse(world)
        if not good or is_clean(info, file):
            break
    world.check(good, f"{TOTAL >> 20} MiB in turns come back unchanged")

    world.need(world.capture_lost == 0, "the capture is complete")

    # Some kernels keep "ts sack" to themselves; 12 bytes less than 1460 are the timestamps.
    world.check(re.search(r"wscale:\d+,\d+", info) and re.search(r"\bmss:1448\b", info), "ss: window scaling and timestamps are on")
    world.check(info and "retrans:" not in info and "lost:" not in info, "ss: nothing retransmitted, nothing lost")

    ours = f"ip.src == {STACK}"
    syn = tshark(file, f"{ours} && tcp.flags.syn == 1", "tcp.options.mss_val", "tcp.options.wscale.shift",
                 "tcp.options.sack_perm", "tcp.options.timestamp.tsval", "tcp.dstport")
    world.check(syn and all(all(row[:4]) for row in syn), f"SYN-ACK offers MSS, window scale, SACK and timestamps ({syn[-1:]})")
    world.check(not tshark(file, f"{ours} && (tcp.checksum.status == 0 || ip.checksum.status == 0)"), "no bad checksum from zstack")
    count = len(tshark(file, f"{ours} && tcp"))
    world.check(count > 0 and len(tshark(file, f"{ours} && tcp.checksum.status == 1")) == count, f"all {count} checksums are good")
    again = tshark(file, SENT_AGAIN, "frame.number", "ip.src", "tcp.seq", "tcp.len")
    world.check(not again, f"nothing is sent twice {again[:3]}")
    world.check(not tshark(file, f"{ours} && (tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment)"), "no hole, no ACK of what was never sent")
    world.check(not tshark(file, "tcp.flags.reset == 1 && tcp.len > 0"), "no reset with payload")


if __name__ == "__main__":
    main(scenario)
