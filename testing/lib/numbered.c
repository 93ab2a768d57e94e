/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * Numbered UDP packets: what is sent, what arrives, and with which sequence
 * numbers ESP leaves. Each role works until SIGTERM, then tells what it
 * counted:
 *
 *   numbered send SRC DST PORT RATE [FILE]   sent N refused N
 *   numbered receive ADDR PORT [FILE]        received N twice N late N gap N
 *   numbered watch INTERFACE [both]          packets N twice N missed N
 *
 * FILE gets a line for each packet that is sent, or received for the first
 * time: its number and the time, in seconds since 1970. When one is received is
 * what the kernel says, so the receiver need not wake up for each.
 *
 * "refused" by the kernel, with an error; "late" are those that came after one
 * with a higher number; "gap" is the longest time between two, in milliseconds;
 * "twice" on the wire is the same (SPI, sequence number), of what leaves the
 * interface or what passes it both ways; "missed" is what the kernel could not
 * hand to the watcher.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/** bits in a page of a set */
#define PAGE_BITS (1 << 15)
/** buckets of a set */
#define BUCKETS (1 << 14)
/** for bursts that a receiver is late for, octets */
#define RECEIVE_BUFFER (64 << 20)
/** the same for a watcher, octets for the headers of each packet; of both ways
 * many watch at once, and not at such a speed */
#define FRAMES (1 << 18)
#define FRAMES_BOTH (1 << 15)
#define FRAME_SIZE 256
/** UDP encapsulation */
#define ESP_PORT 4500

typedef struct page_t page_t;
typedef struct count_t count_t;

/**
 * A part of a set of numbers
 */
struct page_t {
	uint64_t key;
	page_t *next;
	uint64_t bits[PAGE_BITS / 64];
};

/**
 * What a watcher saw
 */
struct count_t {
	uint64_t packets;
	uint64_t twice;
};

static page_t *set[BUCKETS];
static volatile sig_atomic_t ended;
static FILE *trace;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

/**
 * Add a number to the set, FALSE if it is in there
 */
static bool add(uint64_t number)
{
	uint64_t key = number / PAGE_BITS, bit = number % PAGE_BITS;
	page_t **page = &set[(key ^ key >> 17) % BUCKETS];
	uint64_t mask = 1ULL << bit % 64;

	while (*page && (*page)->key != key)
	{
		page = &(*page)->next;
	}
	if (!*page)
	{
		*page = calloc(1, sizeof(**page));
		if (!*page)
		{
			err(1, "memory");
		}
		(*page)->key = key;
	}
	if ((*page)->bits[bit / 64] & mask)
	{
		return false;
	}
	(*page)->bits[bit / 64] |= mask;
	return true;
}

/**
 * Have a line for each packet written to a file
 */
static void trace_to(const char *file)
{
	trace = fopen(file, "w");
	if (!trace)
	{
		err(1, "%s", file);
	}
}

static void note(uint64_t number, const struct timespec *time)
{
	fprintf(trace, "%llu %lld.%06ld\n", (unsigned long long)number,
			(long long)time->tv_sec, time->tv_nsec / 1000);
}

/**
 * A UDP socket at an address
 */
static int bind_to(const char *address, int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(address),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr*)&addr, sizeof(addr)))
	{
		err(1, "socket at %s", address);
	}
	return fd;
}

/**
 * A large receive buffer, and looking up now and then
 */
static void prepare_receive(int fd)
{
	struct timeval pause = { .tv_usec = 100000 };
	int size = RECEIVE_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause)))
	{
		err(1, "socket options");
	}
}

/**
 * Not connected, so each packet is routed anew as those of many flows are. What
 * was late is caught up with, at the speed that the machine has.
 */
static void send_packets(const char *src, const char *dst, int port, long rate)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(dst),
	};
	uint64_t number = 0, sent = 0, refused = 0;
	struct timespec next, now;
	int fd = bind_to(src, 0);

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!ended)
	{
		if (trace)
		{
			clock_gettime(CLOCK_REALTIME, &now);
			note(number, &now);
		}
		if (sendto(fd, &number, sizeof(number), 0, (struct sockaddr*)&to,
				   sizeof(to)) == sizeof(number))
		{
			sent++;
		}
		else
		{
			refused++;
			fprintf(stderr, "packet %llu: %s\n",
					(unsigned long long)number, strerror(errno));
		}
		number++;
		next.tv_nsec += 1000000000 / rate;
		if (next.tv_nsec >= 1000000000)
		{
			next.tv_sec++;
			next.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("sent %llu refused %llu\n", (unsigned long long)sent,
		   (unsigned long long)refused);
}

/**
 * Milliseconds of a clock that is never set
 */
static uint64_t now_ms()
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/**
 * The next packet's number, FALSE if there is none for a while
 */
static bool receive_number(int fd, uint64_t *number, struct timespec *time)
{
	char control[CMSG_SPACE(sizeof(*time))];
	struct iovec data = { number, sizeof(*number) };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	if (!trace)
	{
		return recv(fd, number, sizeof(*number), 0) == sizeof(*number);
	}
	if (recvmsg(fd, &msg, MSG_DONTWAIT) == sizeof(*number) &&
		CMSG_FIRSTHDR(&msg))
	{
		memcpy(time, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*time));
		return true;
	}
	fflush(trace);
	usleep(50000);
	return false;
}

static void receive_packets(const char *address, int port)
{
	uint64_t number, next = 0, received = 0, twice = 0, late = 0;
	uint64_t now, last = 0, gap = 0;
	struct timespec time;
	int fd = bind_to(address, port), on = 1;

	prepare_receive(fd);
	if (trace && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
	{
		err(1, "time stamps");
	}
	while (!ended)
	{
		if (!receive_number(fd, &number, &time))
		{
			continue;
		}
		if (!add(number))
		{
			twice++;
			continue;
		}
		if (trace)
		{
			note(number, &time);
		}
		received++;
		now = now_ms();
		if (last && now - last > gap)
		{
			gap = now - last;
		}
		last = now;
		if (number < next)
		{
			late++;
			continue;
		}
		for (; next < number; next++)
		{
			fprintf(stderr, "packet %llu did not come in time\n",
					(unsigned long long)next);
		}
		next = number + 1;
	}
	printf("received %llu twice %llu late %llu gap %llu\n",
		   (unsigned long long)received, (unsigned long long)twice,
		   (unsigned long long)late, (unsigned long long)gap);
}

/**
 * Find ESP in an IPv4 or IPv6 packet, with and without UDP
 */
static const uint8_t *find_esp(const uint8_t *packet, size_t len)
{
	const struct iphdr *ip = (const void*)packet;
	const struct ip6_hdr *ip6 = (const void*)packet;
	const struct udphdr *udp;
	uint8_t protocol;
	size_t at;

	if (len >= sizeof(*ip) && ip->version == 4)
	{
		at = ip->ihl * 4;
		protocol = ip->protocol;
	}
	else if (len >= sizeof(*ip6) && ip->version == 6)
	{
		at = sizeof(*ip6);
		protocol = ip6->ip6_nxt;
	}
	else
	{
		return NULL;
	}
	if (protocol == IPPROTO_UDP && at + sizeof(*udp) <= len)
	{
		udp = (const void*)(packet + at);
		if (udp->source != htons(ESP_PORT) && udp->dest != htons(ESP_PORT))
		{
			return NULL;
		}
		at += sizeof(*udp);
	}
	else if (protocol != IPPROTO_ESP)
	{
		return NULL;
	}
	/* SPI 0 is IKE, a single octet a keepalive */
	return at + 8 <= len && memcmp(packet + at, "\0\0\0\0", 4) ? packet + at
															  : NULL;
}

/**
 * A packet that passes
 */
static void watch_packet(const uint8_t *packet, size_t len, count_t *count)
{
	char src[INET6_ADDRSTRLEN];
	bool ipv4 = packet[0] >> 4 == 4;
	const uint8_t *esp = find_esp(packet, len);
	uint32_t spi, seq;

	if (!esp)
	{
		return;
	}
	memcpy(&spi, esp, sizeof(spi));
	memcpy(&seq, esp + sizeof(spi), sizeof(seq));
	count->packets++;
	if (!add((uint64_t)ntohl(spi) << 32 | ntohl(seq)))
	{
		count->twice++;
		fprintf(stderr, "SPI %08x sequence number %u again, from %s\n",
				ntohl(spi), ntohl(seq),
				inet_ntop(ipv4 ? AF_INET : AF_INET6, packet + (ipv4 ? 12 : 8),
						  src, sizeof(src)));
	}
}

/**
 * Take what is in the ring from a position on, which is advanced
 */
static void watch_ring(uint8_t *ring, u_int frames, u_int *at, bool both,
					   count_t *count)
{
	struct tpacket2_hdr *frame;
	struct sockaddr_ll *from;

	while (true)
	{
		frame = (struct tpacket2_hdr*)(ring + (size_t)*at * FRAME_SIZE);
		if (!(__atomic_load_n(&frame->tp_status, __ATOMIC_ACQUIRE) &
			  TP_STATUS_USER))
		{
			return;
		}
		from = (void*)((uint8_t*)frame + TPACKET_ALIGN(sizeof(*frame)));
		if (both || from->sll_pkttype == PACKET_OUTGOING)
		{
			watch_packet((uint8_t*)frame + frame->tp_net, frame->tp_snaplen,
						 count);
		}
		__atomic_store_n(&frame->tp_status, TP_STATUS_KERNEL,
						 __ATOMIC_RELEASE);
		*at = (*at + 1) % frames;
	}
}

/**
 * A socket that puts what passes an interface into a ring
 */
static int open_ring(const char *interface, u_int frames, uint8_t **ring)
{
	struct tpacket_req size = {
		.tp_block_size = FRAME_SIZE * 256,
		.tp_block_nr = frames / 256,
		.tp_frame_size = FRAME_SIZE,
		.tp_frame_nr = frames,
	};
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		/* any less, and outgoing packets are not seen */
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(interface),
	};
	int fd, version = TPACKET_V2;

	fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd < 0 || !at.sll_ifindex ||
		setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version,
				   sizeof(version)) ||
		setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &size, sizeof(size)) ||
		bind(fd, (struct sockaddr*)&at, sizeof(at)))
	{
		err(1, "%s", interface);
	}
	*ring = mmap(NULL, (size_t)frames * FRAME_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);
	if (*ring == MAP_FAILED)
	{
		err(1, "ring for %s", interface);
	}
	return fd;
}

static void watch(const char *interface, bool both)
{
	struct timespec pause = { .tv_nsec = 50000000 };
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);
	count_t count = {};
	uint8_t *ring;
	u_int at = 0, frames = both ? FRAMES_BOTH : FRAMES;
	int fd = open_ring(interface, frames, &ring);

	fprintf(stderr, "watching\n");
	while (!ended)
	{
		watch_ring(ring, frames, &at, both, &count);
		nanosleep(&pause, NULL);
	}
	watch_ring(ring, frames, &at, both, &count);
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
	{
		err(1, "statistics");
	}
	printf("packets %llu twice %llu missed %u\n",
		   (unsigned long long)count.packets, (unsigned long long)count.twice,
		   stats.tp_drops);
}

int main(int argc, char *argv[])
{
	signal(SIGTERM, end);
	signal(SIGINT, end);

	if (argc == 7 && !strcmp(argv[1], "send"))
	{
		trace_to(argv[--argc]);
	}
	else if (argc == 5 && !strcmp(argv[1], "receive"))
	{
		trace_to(argv[--argc]);
	}
	if (argc == 6 && !strcmp(argv[1], "send") && atol(argv[5]) > 0)
	{
		send_packets(argv[2], argv[3], atoi(argv[4]), atol(argv[5]));
	}
	else if (argc == 4 && !strcmp(argv[1], "receive"))
	{
		receive_packets(argv[2], atoi(argv[3]));
	}
	else if (argc == 3 && !strcmp(argv[1], "watch"))
	{
		watch(argv[2], false);
	}
	else if (argc == 4 && !strcmp(argv[1], "watch") && !strcmp(argv[3], "both"))
	{
		watch(argv[2], true);
	}
	else
	{
		errx(2, "see the comment at the top of numbered.c");
	}
	return 0;
}
