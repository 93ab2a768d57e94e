/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_neighbours.h"

#include <library.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct advert_t advert_t;

/**
 * An unsolicited neighbor advertisement with the link-layer address
 */
struct advert_t {
	struct nd_neighbor_advert head;
	struct nd_opt_hdr option;
	u_char mac[ETH_ALEN];
} __attribute__((packed));

/**
 * Get the link-layer address of an interface
 */
static bool get_mac(int fd, const char *interface, u_char mac[ETH_ALEN])
{
	struct ifreq request = {};

	if (strlen(interface) >= sizeof(request.ifr_name))
	{
		errno = ENODEV;
		return FALSE;
	}
	strcpy(request.ifr_name, interface);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
	{
		return FALSE;
	}
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return TRUE;
}

/**
 * Everybody is asked who has an address, by the address itself
 */
static bool send_arp(int fd, const char *interface, int index, host_t *address)
{
	chunk_t ip = address->get_address(address);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = index,
		.sll_halen = ETH_ALEN,
	};
	struct ether_arp arp = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETH_P_IP),
			.ar_hln = ETH_ALEN,
			.ar_pln = sizeof(arp.arp_spa),
			.ar_op = htons(ARPOP_REQUEST),
		},
	};

	memset(to.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_spa, ip.ptr, sizeof(arp.arp_spa));
	memcpy(arp.arp_tpa, ip.ptr, sizeof(arp.arp_tpa));
	return get_mac(fd, interface, arp.arp_sha) &&
		   sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr*)&to,
				  sizeof(to)) == sizeof(arp);
}

/**
 * All nodes on the link are told
 */
static bool send_advert(int fd, const char *interface, int index,
						host_t *address)
{
	chunk_t ip = address->get_address(address);
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_scope_id = index,
	};
	advert_t advert = {
		.head = {
			.nd_na_type = ND_NEIGHBOR_ADVERT,
			.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE,
		},
		.option = {
			.nd_opt_type = ND_OPT_TARGET_LINKADDR,
			.nd_opt_len = 1,
		},
	};
	int hops = 255;

	inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	memcpy(&advert.head.nd_na_target, ip.ptr,
		   sizeof(advert.head.nd_na_target));
	return get_mac(fd, interface, advert.mac) &&
		   !setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops,
					   sizeof(hops)) &&
		   sendto(fd, &advert, sizeof(advert), 0, (struct sockaddr*)&to,
				  sizeof(to)) == sizeof(advert);
}

/*
 * Described in header
 */
bool rmobike_neighbours_tell(const char *interface, host_t *address)
{
	bool ipv6 = address->get_family(address) == AF_INET6, told = FALSE;
	int fd, index;

	index = if_nametoindex(interface);
	fd = ipv6 ? socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
					   IPPROTO_ICMPV6)
			  : socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && index)
	{
		told = ipv6 ? send_advert(fd, interface, index, address)
					: send_arp(fd, interface, index, address);
	}
	if (!told)
	{
		DBG1(DBG_KNL, "unable to announce %H on %s: %s", address, interface,
			 strerror(errno));
	}
	if (fd >= 0)
	{
		close(fd);
	}
	return told;
}
