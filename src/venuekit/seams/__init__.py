"""The only modules that touch time, chance, files, name look-ups and what a process shares.

Everything else is given what it needs from here, so a simulation can replace all of it.
"""
