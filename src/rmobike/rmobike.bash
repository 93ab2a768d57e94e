# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
# shellcheck shell=bash
#
# Completion of rmobike for bash: installed as
# <datadir>/bash-completion/completions/rmobike

# Values of a key in the daemon's list of IKE_SAs, or nothing. Peers choose
# their names: only what means nothing to a shell may end up in its line.
_rmobike_values()
{
	rmobike --status --raw --timeout 2 2>/dev/null |
		grep -oE "[{ ]$1=[^ {}]+" | cut -d= -f2- |
		grep -xE '[A-Za-z0-9_.:][A-Za-z0-9_.:-]*' | sort -u
}

# Addresses of this machine that a gateway may be reached at
_rmobike_addresses()
{
	ip -o address show scope global 2>/dev/null |
		awk '{ sub("/.*", "", $4); print $4 }'
}

_rmobike()
{
	local current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD-1]}
	local common="--uri --timeout --raw --pretty --debug --help"
	local words=

	COMPREPLY=()
	if [ "$COMP_CWORD" = 1 ]
	then
		words="--switch --status --help --version"
	else
		case "${COMP_WORDS[1]} $previous" in
			*" --uri"|*" -u"|*" --timeout"|*" -T")
				return
				;;
			*" --debug"|*" -v")
				words="0 1 2 3 4"
				;;
			"--switch --to"|"-s --to"|"--switch -t"|"-s -t"|\
			"--switch --local-ip"|"-s --local-ip"|"--switch -l"|"-s -l")
				words=$(_rmobike_addresses)
				;;
			"--switch --ike"|"-s --ike"|"--switch -i"|"-s -i")
				words=$(_rmobike_values name)
				;;
			"--switch --ike-id"|"-s --ike-id"|"--switch -I"|"-s -I")
				words=$(_rmobike_values id)
				;;
			"--switch --peer-ip"|"-s --peer-ip"|"--switch -p"|"-s -p")
				words=$(_rmobike_values remote)
				;;
			"--switch --peer-id"|"-s --peer-id"|"--switch -d"|"-s -d")
				return
				;;
			"--switch "*|"-s "*)
				words="--to --ike --ike-id --peer-ip --peer-id --local-ip --all
					$common"
				;;
			"--status "*|"-S "*)
				words=$common
				;;
		esac
	fi

	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
} &&
complete -F _rmobike rmobike
