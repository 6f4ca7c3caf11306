"""The console: commands for operators, over a local socket (`offhook -rx "core show channels"`)."""
