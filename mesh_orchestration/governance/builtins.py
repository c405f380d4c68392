"""The functions of Rego that a policy may call: those that every engine has and that give the same answer twice."""

from __future__ import annotations

_WORDS = """
    abs array.concat array.reverse array.slice base64.decode base64.encode ceil concat contains count
    endswith floor format_int glob.match graph.reachable indexof intersection is_array is_boolean is_null is_number
    is_object is_set is_string json.filter json.marshal json.unmarshal lower max min numbers.range object.filter
    object.get object.keys object.remove object.union product regex.is_valid regex.match regex.replace regex.split
    replace round semver.compare semver.is_valid set sort split sprintf startswith strings.any_prefix_match
    strings.any_suffix_match strings.replace_n strings.reverse substring sum time.add_date time.diff
    time.parse_duration_ns time.parse_rfc3339_ns time.weekday to_number trim trim_left trim_prefix trim_right
    trim_space trim_suffix type_name union upper urlquery.decode urlquery.encode walk
"""
BUILTINS = frozenset(_WORDS.split())
