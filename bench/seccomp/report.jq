# SPDX-License-Identifier: Apache-2.0
#
# What seccomp found as Markdown: jq -r -f bench/seccomp/report.jq seccomp.json
def digits: if . >= 100 then round elif . < 0.1 then (. * 10000 | round) / 10000 else (. * 100 | round) / 100 end | tostring;
def median: sort | .[((length - 1) / 2 | floor)];

[.benchmarks[] | select(.run_type == "iteration")] as $all
| def times($name; $of): [$all[] | select(.run_name | startswith($name)) | .[$of]];
  def row($title; $first; $second; $of; $unit):
    times($first; $of) as $a | times($second; $of) as $b
    | "| \($title) | \($a | min / $unit | digits) / \($a | median / $unit | digits) | "
      + "\($b | min / $unit | digits) / \($b | median / $unit | digits) | \(($b | median) / ($a | median) | digits) |";
  ([$all[] | select(.run_name == "filter/libseccomp")][0]) as $shape
| "Minimum / median.\n",
  "| | without | with | ratio |",
  "|---|---|---|---|",
  row("profile to filter, microseconds: without and with the cache"; "filter/libseccomp"; "filter/cached"; "cpu_time"; 1000),
  row("getppid, nanoseconds: without and with the filter"; "getppid/unfiltered"; "getppid/filtered"; "real_time"; 1),
  row("personality, nanoseconds: without and with the filter"; "personality/unfiltered"; "personality/filtered"; "real_time"; 1),
  "",
  "The filter has \($shape.instructions) instructions. Executed for a call that it allows:\n",
  "| architecture | calls allowed | mean | most |",
  "|---|---|---|---|",
  (("x86_64", "x86", "x32", "aarch64") as $arch
   | select($shape["\($arch) allowed"] > 0)
   | "| \($arch) | \($shape["\($arch) allowed"]) | \($shape["\($arch) mean"] | digits) | \($shape["\($arch) most"]) |")
