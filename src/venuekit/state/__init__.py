"""Pure machines: values in, verdicts and events out; no await, no clock, no socket."""
