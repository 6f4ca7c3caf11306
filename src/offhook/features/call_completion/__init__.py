"""Call completion (CCSS): who was called in vain is called again when the called party is free.

`machine` is the state machine, without clock and switch; `called` keeps whom a Dial() has called; `service`
puts them into a node; `recall` calls the caller; `events` is what is announced.
"""
