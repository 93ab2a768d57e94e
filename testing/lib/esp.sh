# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What this machine's kernel can do.

# Real ESP if this kernel has it: decided by trying, in a namespace that is
# gone at once
has_kernel_esp() {
	unshare --net ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp \
		spi 1 mode tunnel aead 'rfc4106(gcm(aes))' \
		0x0102030405060708090a0b0c0d0e0f1011121314 128 2>/dev/null
}
