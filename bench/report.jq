# SPDX-License-Identifier: Apache-2.0
#
# The findings of bench/run.sh as Markdown: jq -r -f bench/report.jq results.json
def digits: if . == null then "-" elif . >= 100 then round else (. * 100 | round) / 100 end | tostring;
def ratio($to): if . == null or $to == null or $to == 0 then "-" else (. / $to * 100 | round) / 100 | tostring end;

(.runtimes + (if [.milliseconds[] | has("floor")] | any then ["floor"] else [] end)) as $columns
| .runtimes[0] as $ours
| "Milliseconds of \(.rounds) samples each: minimum / median / 99th percentile. In brackets \($ours)'s median against that one's.\n",
  "| | " + ($columns | join(" | ")) + " |",
  "|---|" + ($columns | map("---|") | add),
  (.milliseconds | to_entries[] | .value[$ours].median as $median
   | "| \(.key) | " + ([.value[$columns[]]] | to_entries | map(
       if .value == null then "-"
       else (.value | [.min, .median, .p99] | map(digits) | join(" / "))
         + (if .key == 0 then "" else " (" + (.value.median as $other | $median | ratio($other)) + ")" end)
       end) | join(" | ")) + " |"),
  "",
  "| | " + (.runtimes | join(" | ")) + " |",
  "|---|" + (.runtimes | map("---|") | add),
  (.runtimes as $names | .counts | to_entries[] | "| \(.key) | " + ([.value[$names[]]] | map(digits) | join(" | ")) + " |")
