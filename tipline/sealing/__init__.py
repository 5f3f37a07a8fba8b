"""All cryptography, and nothing else. Nobody outside this room touches a primitive.

- ``envelope``   HPKE envelopes and sealed entries: what desks and reporters read
- ``secret``     symmetric locks and keyed hashes: what the server itself must read again
- ``passwords``  Argon2id for passwords and receipts
- ``totp``       one-time codes
- ``keyfile``    the one file of keys
"""

from tipline.sealing.envelope import CannotOpen as CannotOpen
from tipline.sealing.envelope import PrivateKey as PrivateKey
from tipline.sealing.envelope import PublicKey as PublicKey
from tipline.sealing.envelope import Sealed as Sealed
from tipline.sealing.envelope import Where as Where
from tipline.sealing.envelope import is_body as is_body
from tipline.sealing.envelope import is_wrap_for as is_wrap_for
from tipline.sealing.envelope import new_content_key as new_content_key
from tipline.sealing.envelope import open_sealed as open_sealed
from tipline.sealing.envelope import pack as pack
from tipline.sealing.envelope import reseal as reseal
from tipline.sealing.envelope import seal as seal
from tipline.sealing.envelope import seal_body as seal_body
from tipline.sealing.envelope import unpack as unpack
from tipline.sealing.envelope import unwrap as unwrap
from tipline.sealing.envelope import wrap as wrap
from tipline.sealing.keyfile import KeyFile as KeyFile
from tipline.sealing.secret import derive as derive
from tipline.sealing.secret import keyed_hash as keyed_hash
from tipline.sealing.secret import lock as lock
from tipline.sealing.secret import same as same
from tipline.sealing.secret import unlock as unlock
