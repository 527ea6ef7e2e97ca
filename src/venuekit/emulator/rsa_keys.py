"""RSA keys that come out the same for the same seed: for customers of an emulated venue, never for money."""

from __future__ import annotations

from itertools import count

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)

from venuekit.seams import chance
from venuekit.seams.chance import Chance

__all__ = ["rsa_key"]

_BITS = 2048
_EXPONENT = 65537
_SIEVE = 4_000
_ROUNDS = 8
"""Of Miller-Rabin: a random number of 1024 bits that passes is prime but for far less than 2**-80."""


def rsa_key(seed: str) -> RSAPrivateKey:
    """A key of 2048 bits."""
    drawn = chance.seeded(f"rsa/{seed}")
    small = _small_primes(_SIEVE)
    for _ in count():
        p, q = _prime(drawn, small), _prime(drawn, small)
        phi = (p - 1) * (q - 1)
        if p != q and (p * q).bit_length() == _BITS and phi % _EXPONENT:
            break
    private = pow(_EXPONENT, -1, phi)
    numbers = RSAPrivateNumbers(
        p=p,
        q=q,
        d=private,
        dmp1=rsa_crt_dmp1(private, p),
        dmq1=rsa_crt_dmq1(private, q),
        iqmp=rsa_crt_iqmp(p, q),
        public_numbers=RSAPublicNumbers(e=_EXPONENT, n=p * q),
    )
    return numbers.private_key()


def _prime(drawn: Chance, small: list[int]) -> int:
    """The first prime from a random odd number on, whose two highest bits are set."""
    half = _BITS // 2
    candidate = drawn.getrandbits(half) | (0b11 << (half - 2)) | 1
    while not _is_prime(candidate, drawn, small):
        candidate += 2
    return candidate


def _is_prime(number: int, drawn: Chance, small: list[int]) -> bool:
    if any(number % prime == 0 for prime in small):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, odd, twos, drawn.randrange(2, number - 1)) for _ in range(_ROUNDS))


def _passes(number: int, odd: int, twos: int, base: int) -> bool:
    """One round of Miller-Rabin."""
    power = pow(base, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


def _small_primes(limit: int) -> list[int]:
    is_prime = bytearray([1]) * limit
    for number in range(2, int(limit**0.5) + 1):
        if is_prime[number]:
            is_prime[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return [number for number in range(2, limit) if is_prime[number]]
