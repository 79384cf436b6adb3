# SPDX-License-Identifier: Apache-2.0
#
# What spec_parse found as Markdown: jq -r -f bench/spec_parse/report.jq spec_parse.json
def digits: if . >= 100 then round else (. * 100 | round) / 100 end | tostring;
def median: sort | .[((length - 1) / 2 | floor)];
def in_order: reduce .[] as $one ([]; if index([$one]) then . else . + [$one] end);

[.benchmarks[] | select(.run_type == "iteration")
 | (.run_name | split("/")) as [$direction, $document, $library]
 | {$direction, $document, $library, time: (.cpu_time / 1000)}] as $all
| (["ocikit"] + ([$all[].library] | unique | map(select(. != "ocikit")))) as $libraries
| "Microseconds: minimum / median. In brackets: how many times ocikit's median in the same run.\n",
  "| | " + ($libraries | join(" | ")) + " |",
  "|---|" + ($libraries | map("---|") | add),
  (("read", "write") as $direction | (["minimal", "engine", "1 MiB"] + [$all[].document] | in_order[]) as $document
   | [$all[] | select(.direction == $direction and .document == $document)]
   | select(length > 0) as $row
   | ([.[] | select(.library == "ocikit").time] | median) as $ours
   | "| \($direction) \($document) | " + ([$libraries[] as $library
     | [$row[] | select(.library == $library).time]
     | if length == 0 then "-"
       else "\(min | digits) / \(median | digits)" + (if $library == "ocikit" then "" else " (\(median / $ours | digits))" end)
       end] | join(" | ")) + " |")
