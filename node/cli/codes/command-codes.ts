import { EXIT } from '../exit-codes.ts';
import { code, type FailureCode, REPORT } from './failure-code.ts';

/** What commands say, by code without its WAGGLE_. */
export const COMMANDS: readonly [string, FailureCode][] = [
  [
    'CLI_USAGE',
    code(
      EXIT.usage,
      'the command line is not understood',
      'an option or argument is missing, misspelt or out of range',
      'waggle --help',
    ),
  ],
  [
    'CLI_INPUT',
    code(
      EXIT.data,
      'a file says something it may not',
      'a field is missing, misspelt or of a wrong type',
      'mend the file and repeat the command',
    ),
  ],
  [
    'CLI_NO_INPUT',
    code(
      EXIT.noInput,
      'a file does not exist or cannot be read',
      'a mistyped path, or another working directory',
      'give the path of an existing file',
    ),
  ],
  [
    'CLI_UNAVAILABLE',
    code(
      EXIT.unreachable,
      'the network or a node of it does not answer',
      'nodes are down, paused or cut off',
      'waggle status --cluster',
      true,
    ),
  ],
  [
    'CLI_BUSY',
    code(
      EXIT.tryAgain,
      'something else is at work there',
      'another command holds the folder or the port',
      'try again in a moment',
    ),
  ],
  [
    'CLI_INTERRUPTED',
    code(
      EXIT.terminated,
      'ended by a signal',
      'Ctrl-C, a closed terminal, or a service manager',
      'the state is kept: run the command again',
      true,
    ),
  ],
  [
    'CLI_CONFIGURATION',
    code(EXIT.configuration, 'something is not set up', 'no home, or no token in it', 'waggle init'),
  ],
  [
    'RPC_UNREACHABLE',
    code(
      EXIT.unreachable,
      'no daemon answers',
      'it is not running, or listens elsewhere',
      'waggle start, or waggle testnet up; name another with --rpc URL',
      true,
    ),
  ],
  [
    'RPC_TIMEOUT',
    code(EXIT.tryAgain, 'the daemon did not answer in time', 'no quorum, or a machine under load', 'waggle status'),
  ],
  [
    'RPC_FORM',
    code(
      EXIT.unreachable,
      'what answers is no Waggle daemon',
      'another program has the port',
      'name the daemon with --rpc URL',
    ),
  ],
  [
    'RPC_REFUSED',
    code(
      EXIT.data,
      'the daemon refused, and says with which error',
      'see the number it gave',
      'waggle explain with that number',
    ),
  ],
  ['RPC_ANSWER', code(EXIT.bug, 'an error on its way to a client', 'never seen outside the daemon', REPORT)],
];

/** What the client library ends with; as a type `client.refused` and so on. */
export const CLIENT: readonly [string, FailureCode][] = [
  [
    'CLIENT_REFUSED',
    code(
      EXIT.data,
      'a node refused, and says with which error',
      'see the number it gave',
      'waggle explain with that number',
    ),
  ],
  [
    'CLIENT_UNREACHABLE',
    code(
      EXIT.unreachable,
      'no node answers',
      'they are not running, or listen elsewhere',
      'waggle status --cluster',
      true,
    ),
  ],
  [
    'CLIENT_TIMEOUT',
    code(EXIT.tryAgain, 'no node answered in time', 'no quorum, or machines under load', 'waggle status --cluster'),
  ],
  [
    'CLIENT_FORM',
    code(
      EXIT.unreachable,
      'what answers is no Waggle node',
      'another program has the port',
      'name the nodes by their JSON-RPC addresses',
    ),
  ],
  [
    'CLIENT_UNDECIDED',
    code(
      EXIT.tryAgain,
      'nobody could tell in time what became of the ballot; it counts once or not at all',
      'the nodes that were asked went away',
      'send the same bytes again: resume does',
    ),
  ],
  [
    'CLIENT_INPUT',
    code(EXIT.data, 'a call that no node could ever carry out', 'a field is missing or wrong', 'mend the call'),
  ],
  ['CLIENT_CLOSED', code(EXIT.bug, 'the client was closed before', 'a call after close', 'make a new client')],
];

/** What keeps a home from being used: files, keys, configuration. */
export const HOMES: readonly [string, FailureCode][] = [
  [
    'HOME_UNKNOWN',
    code(
      EXIT.configuration,
      'no home is set',
      'neither --home nor WAGGLE_HOME, and no data directory of the user',
      'waggle init --home DIR',
    ),
  ],
  [
    'HOME_EXISTS',
    code(
      EXIT.configuration,
      'there is a home already',
      'init ran before',
      'waggle start, or name another one with --home',
    ),
  ],
  [
    'HOME_LOCKED',
    code(
      EXIT.tryAgain,
      'a node runs on this home already',
      'a second start, or a node that is still ending',
      'waggle status',
    ),
  ],
  [
    'HOME_UNWRITABLE',
    code(
      EXIT.permission,
      'the home cannot be written',
      'another user owns it, or the disk is read-only',
      'make it writable for this user, or name another home with --home',
    ),
  ],
  [
    'KEY_MODE',
    code(EXIT.permission, 'a key may be read by others', 'it was copied without its permissions', 'chmod go-rwx FILE'),
  ],
  [
    'KEY_DAMAGED',
    code(EXIT.configuration, 'a key file cannot be used', 'it was cut off or edited', 'restore it from a backup'),
  ],
  [
    'KEY_MISSING',
    code(
      EXIT.configuration,
      'a key of the home is not there',
      'a home that was only partly copied',
      'restore it from a backup, or waggle init in a new home',
    ),
  ],
  [
    'KEY_LINK',
    code(
      EXIT.permission,
      'a key is a symbolic link',
      'a key that was put elsewhere, or somebody else who wrote into the home',
      'put the file itself there',
    ),
  ],
  [
    'KEY_SUBJECT',
    code(
      EXIT.configuration,
      'a key file holds the key of another model, or of the node',
      'a file that was renamed or copied by hand',
      'move keys with waggle keys export and waggle keys import, by the name they have',
    ),
  ],
  [
    'KEY_FILE',
    code(
      EXIT.data,
      'a key is not written to a file',
      'there is a file already, or its folder is not there',
      'name another file, or replace it with --force',
    ),
  ],
  ['KEY_EXISTS', code(EXIT.data, 'there is another key already', 'a model has one key in a home', 'waggle keys list')],
  [
    'KEY_NAME',
    code(
      EXIT.usage,
      'a key file is not named after a model id',
      'capitals or spaces in the name',
      'use lower-case letters, digits, dots, hyphens: waggle keys new MODEL',
    ),
  ],
  [
    'KEY_LOCKED',
    code(
      EXIT.configuration,
      'a key is sealed and no passphrase was given',
      'a home made without --plain',
      'give the passphrase: on a terminal, or with --passphrase-file FILE or --passphrase-fd N',
    ),
  ],
  [
    'KEY_PASSPHRASE',
    code(
      EXIT.permission,
      'the passphrase does not open the key',
      'another passphrase, or a key file that was changed',
      'try again; restore the file from a backup if it stays',
    ),
  ],
  [
    'KEY_KDF',
    code(
      EXIT.configuration,
      'a key file asks for more work than this build does',
      'the file was made by other software, or changed',
      'restore it from a backup',
    ),
  ],
  [
    'CLI_PASSPHRASE',
    code(
      EXIT.configuration,
      'no passphrase to seal or open keys with',
      'no terminal to ask on, and no file was named',
      '--passphrase-file FILE, --passphrase-fd N, or --plain for keys that need none',
    ),
  ],
  ['KEY_SEED', code(EXIT.bug, 'a seed is not 32 bytes', 'a fault of this software', REPORT)],
  [
    'ID_FORM',
    code(
      EXIT.data,
      'not an id: lower-case letters, digits, dots, hyphens, underscores, at most 64',
      'capitals or spaces in a name',
      'waggle --help',
    ),
  ],
  [
    'GENESIS_MISSING',
    code(
      EXIT.configuration,
      'there is no genesis',
      'a home without a network',
      'waggle init makes a network of one; waggle join INVITE joins another',
    ),
  ],
  [
    'GENESIS_FORM',
    code(
      EXIT.configuration,
      'genesis.json cannot be used',
      'it was edited, or is of another version',
      'take genesis.json from another node of the network again',
    ),
  ],
  [
    'CONFIG_SYNTAX',
    code(
      EXIT.configuration,
      'config.yaml is no YAML of one meaning',
      'a tab, a bad indent, or a key twice',
      'mend config.yaml at the line it names',
    ),
  ],
  [
    'CONFIG_KEY',
    code(
      EXIT.configuration,
      'config.yaml has an option that is none',
      'a misspelt name',
      'mend config.yaml at the line it names',
    ),
  ],
  [
    'CONFIG_VALUE',
    code(
      EXIT.configuration,
      'an option has a value it cannot have',
      'out of range, or of a wrong type',
      'mend config.yaml, or the WAGGLE_… variable',
    ),
  ],
  [
    'CONFIG_FILE',
    code(
      EXIT.configuration,
      'config.yaml cannot be read',
      'its permissions, or a directory in its place',
      'make it readable for this user',
    ),
  ],
  [
    'CONFIG_IDENTITY',
    code(
      EXIT.configuration,
      'the keys of this home and its genesis do not go together',
      'files of two homes were mixed',
      'restore genesis.json and keys of one home',
    ),
  ],
  [
    'CONFIG_RPC_ADDRESS',
    code(
      EXIT.configuration,
      'JSON-RPC on that address would send tokens in the clear',
      'rpc.host is not loopback',
      'bind rpc.host to 127.0.0.1 and put a proxy with TLS before it',
    ),
  ],
  [
    'CONFIG_TOKENS',
    code(
      EXIT.configuration,
      'tokens/hashes.json cannot be used',
      'it was edited or cut off',
      'restore it from a backup',
    ),
  ],
];
