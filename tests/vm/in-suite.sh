# shellcheck shell=sh disable=SC2154 # check.sh puts two assignments in front
# In the guest: the cases on every runtime here. Emulated it takes forty times as long, and recording makes that many more.
for runtime in plumbline-oci crun runc; do
	# shellcheck disable=SC2086 # names are words
	plumbline test --json --record off --timeout-scale 40 --out "/tmp/$runtime" --runtime $runtime $selection > "/tmp/$runtime.json" 2> /tmp/errors
	status=$?
	grep '"type": *"summary"' "/tmp/$runtime.json"
	if [ $runtime != plumbline-oci ]; then
		grep -E '"verdict": *"(fail|broken)"' "/tmp/$runtime.json" | sed 's/.*"id": *"\([^"]*\)".*"verdict": *"\([a-z]*\)".*/# '$runtime' \2 \1/'
		grep -q '"broken": *0[,}]' "/tmp/$runtime.json" && echo "ok cases on $runtime can tell" || echo "not ok cases on $runtime: some are broken"
	elif [ $status = 0 ]; then
		echo "ok cases on $runtime"
	else
		grep -E '"verdict": *"(fail|broken)"' "/tmp/$runtime.json"
		echo "not ok cases on $runtime: plumbline ended with status $status"
	fi
done
