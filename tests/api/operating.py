"""A sequence that is long under way, for callers of the API to work on."""

SLOW = """
    sequence: slow
    steps:
      - {id: hello, type: sms, body: "Hello {{ name }}. STOP to end."}
      - {id: wait, type: delay, days: 3}
      - {id: more, type: sms, body: "More."}
"""
