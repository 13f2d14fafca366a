/** Every limit of the wire, by name. Sizes in bytes unless the name says otherwise. */

/** Version of the control protocol; `hello` and `welcome` carry it, a different one is refused with both said. */
export const PROTOCOL_VERSION = 1;

export const CONTROL_PORT = 65435;
export const MEDIA_PORT = 65436;

/** One control message, without its length prefix. A bigger nested one can stall a tick. */
export const CONTROL_MESSAGE_BYTES_MAX = 16 * 1024;
/** Maps and lists inside each other in one message; the message itself is 1. */
export const NESTING_MAX = 6;
/** Values (map keys included) in one message. */
export const CONTROL_VALUES_MAX = 2048;
/** What may wait unsent for one peer before its connection is ended. */
export const OUTBOX_BYTES_MAX = 1 << 20;
/** Control messages a peer may send: on average, and at once. */
export const CONTROL_MESSAGES_PER_SECOND = 100;
export const CONTROL_MESSAGES_BURST = 400;
/**
 * The same of a server: beyond it a client reads more slowly. A message counts 1 for each so many bytes begun, and one with a
 * list of lines, files or people so much more, for each of them is told, and the next lines are asked for. The most that was
 * measured of an honest server: 9 063 at once, for somebody who comes back to 17 000 lines (125 pages in a second), and 1 865 a
 * second, while 98 people say 40 lines each as fast as they may. The list of 1 000 files, however long their names are, counts
 * 8 736.
 */
export const SERVER_MESSAGES_PER_SECOND = 5_000;
export const SERVER_MESSAGES_BURST = 20_000;
export const SERVER_MESSAGE_UNIT_BYTES = 256;
export const SERVER_LIST_COST = 40;
/** Time from accepting a connection to its complete `hello`. */
export const HELLO_TIMEOUT_MS = 5_000;
/** Both sides ping this often; silence for `DEAD_AFTER_MS` ends the connection. */
export const PING_INTERVAL_MS = 1_000;
export const DEAD_AFTER_MS = 5_000;
/** A lost participant leaves the list after this; the seat itself waits `SEAT_KEPT_MS` for its resume token. */
export const AWAY_SHOWN_MS = 5_000;
export const SEAT_KEPT_MS = 20_000;
/** Cameras go on sending JPEG for so long after the last person who needed it is gone. */
export const CAMERA_CODEC_KEPT_MS = 3_000;
/** Connections open at once: all, from one address, and those that have not said `hello`. */
export const CONNECTIONS_MAX = 1_024;
export const CONNECTIONS_PER_ADDRESS_MAX = 256;
export const CONNECTIONS_WITHOUT_HELLO_MAX = 128;
/** Of a room's places one address may have half, but so many in any case; and so many rooms it may have opened. */
export const SEATS_PER_ADDRESS_MIN = 16;
export const ROOMS_PER_ADDRESS_MAX = 50;

/** The request of a browser for the server's page, up to its empty line. */
export const PAGE_REQUEST_BYTES_MAX = 8 * 1024;

/** Names and rooms, in UTF-16 code units after NFC. */
export const NAME_LENGTH_MAX = 64;
export const ROOM_LENGTH_MAX = 64;
export const PIN_LENGTH_MAX = 64;
/** A join link, in UTF-16 code units: the longest host and room, all of it percent encoded. */
export const JOIN_LINK_LENGTH_MAX = 1_024;
export const ROOMS_MAX = 200;
/** Rooms in one `lobby`: the fullest ones. Their names fit one message however long they are. */
export const LOBBY_ROOMS_MAX = 50;
export const PARTICIPANTS_MAX_DEFAULT = 100;
/** The most that an operator may ask for: no room has more people, and a client keeps no more. */
export const PARTICIPANTS_MAX = 1_000;
/** Wrong PINs from one address before every further one waits, and how long at most. */
export const WRONG_PINS_FREE = 3;
export const WRONG_PIN_DELAY_MS_MAX = 30_000;
/** And from all addresses together, for one machine can have thousands: so many at once, and so many a second. */
export const WRONG_PINS_IN_ALL_BURST = 100;
export const WRONG_PINS_IN_ALL_PER_SECOND = 1;

/** One chat line, in UTF-16 code units and in UTF-8 bytes. */
export const CHAT_TEXT_LENGTH_MAX = 4_000;
export const CHAT_TEXT_BYTES_MAX = 12_000;
/** The mark by which a sender knows its line again, in UTF-16 code units. */
export const MARK_LENGTH_MAX = 64;
export const CHAT_PER_SECOND = 10;
export const CHAT_BURST = 40;
/** The same in UTF-8 bytes, and of all people in a room together: well under an outbox. */
export const CHAT_BYTES_PER_SECOND = 16 << 10;
export const CHAT_BYTES_BURST = 128 << 10;
export const ROOM_CHAT_BYTES_PER_SECOND = 256 << 10;
export const ROOM_CHAT_BYTES_BURST = 512 << 10;
/** Of all that is said, so much is kept and passed on before readers get a turn to read. */
export const CHAT_TURN_BYTES = 128 << 10;
/** Lines in one `chat.lines`; fewer when they would not fit one message. */
export const CHAT_LINES_MAX = 100;
/** People in one `participants` message. */
export const PARTICIPANTS_PER_MESSAGE = 50;
export const RESUME_TOKEN_BYTES = 16;
/** What tells a server that somebody is who they were (`hello.person`). */
export const PERSON_BYTES = 16;

/** A share without pictures is over after this; and one whose presenter's connection was closed, unless they are back by then. */
export const SHARE_START_MS = 30_000;
export const SHARE_CLOSED_MS = 400;
/** People who were removed from a room that it remembers: the latest ones. */
export const REMOVED_MAX = 100;

/** What opens a connection for a screen or a file: so long it is good, once. */
export const TICKET_BYTES = 16;
export const TICKET_MS = 30_000;
/** Tickets that wait to be used: of one participant, and of one address. And connections one participant may have by them. */
export const TICKETS_PER_PARTICIPANT_MAX = 16;
export const TICKETS_PER_ADDRESS_MAX = 128;
export const TICKETED_PER_PARTICIPANT_MAX = 16;

/** Files: what one is called, in UTF-16 code units, and the SHA-256 of its content. */
export const SHARED_NAME_LENGTH_MAX = 255;
export const FILE_HASH_BYTES = 32;
/** Files in one `files` message: they fit one however long their names are. */
export const FILES_PER_MESSAGE = 12;
/** The small picture of a file: its longer side, pixels; with the longest name it fits one `file.offer`. */
export const THUMBNAIL_BYTES_MAX = 12 << 10;
export const THUMBNAIL_SIDE_MAX = 320;
/** Files and offers of one room. */
export const ROOM_FILES_MAX = 1_000;
/** A file, all files of a room, and all of the server, unless the operator says otherwise; bytes. */
export const FILE_BYTES_MAX_DEFAULT = 500_000_000;
export const ROOM_BYTES_MAX_DEFAULT = 10_000_000_000;
export const UPLOADS_BYTES_MAX_DEFAULT = 50_000_000_000;
/** Offers of one person in a room that have not come whole yet: they keep place that nobody else can have. */
export const OFFERS_PER_PERSON_MAX = 16;
/** Files on their way to a room that it is told of; others wait until one of them has come. What changed of them is told so often. */
export const COMING_FILES_MAX = 24;
export const COMING_INTERVAL_MS = 1_000;
/** One of which nothing comes for so long, by a connection of its own, is stopped. */
export const COMING_PAUSED_MS_MAX = 30_000;
/** A larger file is planned before it is read. */
export const PLANNED_FILE_BYTES_MIN = 1 << 20;
/** One of which nothing came for so long keeps its place only as long as nobody else needs it. */
export const OFFER_IDLE_MS = 60_000;
/** Files one participant may send and fetch at once, unless the operator says otherwise. */
export const TRANSFERS_PER_PARTICIPANT_MAX = 4;
/** A transfer is read and written in pieces of so many bytes at most; two of them are all it holds. */
export const TRANSFER_CHUNK_BYTES_MAX = 256 * 1024;
/** A transfer of which nothing passes for so long is ended; it can go on later. */
export const TRANSFER_SILENT_MS_MAX = 20_000;
/** What came of a file that was never sent whole is kept for so long. */
export const OFFER_KEPT_MS = 24 * 3_600_000;

/** A whole datagram, and the payload of an RTP packet in it. */
export const DATAGRAM_BYTES_MAX = 1_500;
export const RTP_PAYLOAD_BYTES_MAX = 1_200;
/** Packets a participant may send: on average, and at once. */
export const MEDIA_PACKETS_PER_SECOND = 4_000;
export const MEDIA_PACKETS_BURST = 4_000;
/** SRTP replay windows, in packets. RFC 3711 asks for 64 at least; repairs and the GOP replay need more. */
export const VIDEO_REPLAY_WINDOW = 4_096;
export const VOICE_REPLAY_WINDOW = 256;
export const RTCP_REPLAY_WINDOW = 128;
/** What the relay keeps of each video stream: from the last keyframe on. */
export const GOP_AGE_MS_MAX = 2_000;
export const GOP_BYTES_MAX = 2 << 20;
/** What relay and sender keep of a video stream before that, to answer NACKs. */
export const NACK_TAIL_MS = 500;
export const SEND_HISTORY_MS = 2_000;
/** Packets of a video stream that may be missing at once; more are not asked for: the next keyframe comes sooner. */
export const NACK_GAP_PACKETS_MAX = 512;
/** A packet is missed when it is this late, and given up when it stays away this long; then a keyframe must come. */
export const REORDER_MS = 10;
export const GIVE_UP_MS = 400;
/** What a viewer holds of one stream while it waits for packets. */
export const PICTURE_BUFFER_BYTES_MAX = 4 << 20;
export const PICTURE_BUFFER_PACKETS_MAX = 2_048;
/** Sequence numbers asked for in one generic NACK, and how often one packet is asked for. */
export const NACK_SEQUENCES_MAX = 64;
export const NACK_TRIES_MAX = 5;
/** One coded picture at its receiver: bytes, and NAL units. */
export const ACCESS_UNIT_BYTES_MAX = 2 << 20;
export const ACCESS_UNIT_NALS_MAX = 256;
/** The longest side of a JPEG in RTP, pixels: RFC 2435 counts it in eights, in one byte. */
export const JPEG_SIDE_MAX = 2_040;
/** Pixels of a picture that is decoded: the largest screen, a row and a column more. A decoder would take any size, and the memory for it. */
export const DECODED_PIXELS_MAX = 2_560 * 1_600;
/** Mixes one participant is sent: the one that all share, and their own. */
export const MIXES_MAX = 2;
/** Talkers in one mix. */
export const MIX_TALKERS_MAX = 8;

/** Voice: 48 kHz mono, 20 ms frames. */
export const SAMPLE_RATE = 48_000;
export const FRAME_MS = 20;
export const FRAME_SAMPLES = 960;
/** Lossless voice travels as two packets a frame. */
export const L16_PACKET_SAMPLES = 480;

/** RTCP packets in one datagram. */
export const RTCP_PACKETS_MAX = 8;
/** What proves that an address answers: random, echoed in SRTCP. */
export const SYNC_NONCE_BYTES = 8;
/** How long packets of an earlier key epoch are still opened: longer than the GOP and repair caches reach back. */
export const RETIRED_KEY_MS = 5_000;
/** Earlier epochs whose keys a receiver keeps meanwhile: ever more of them in so short a time, and the oldest give way. */
export const RETIRED_EPOCHS_MAX = 16;
/** How long a new epoch waits for everyone's `keys.ack` before it is used anyway. */
export const REKEY_WAIT_MS = 1_000;

/**
 * SRTCP per participant from addresses that are not (yet) theirs; each costs one failed or good decryption: from one
 * of the latest addresses, so that a flood from one takes nothing from the others, and from all of them.
 */
export const FOREIGN_PACKETS_PER_ADDRESS = 20;
export const FOREIGN_ADDRESSES_MAX = 64;
export const FOREIGN_PACKETS_PER_SECOND = 1_000;
/** Voice packets of one participant, on average and at once; L16 has 100 a second. */
export const VOICE_PACKETS_PER_SECOND = 200;
/** More numbers of a voice missing at once are not given up one by one: a second of Opus. */
export const VOICE_GAP_PACKETS_MAX = 50;
/** Addresses a participant may be proving at once; the oldest gives way. And how long a nonce stands. */
export const CHALLENGES_MAX = 4;
export const CHALLENGE_MS = 10_000;
/** Repairs one viewer is sent: on average, and at once. */
export const REPAIRS_PER_SECOND = 1_000;
export const REPAIRS_BURST = 256;
/** GOP replays and repairs to one viewer are spread over time (19 Mbit/s) and wait in at most so many bytes. */
export const REPLAY_PACKETS_PER_MS = 2;
export const REPLAY_BURST_PACKETS = 16;
export const REPLAY_BYTES_MAX = 8 << 20;
/** Voices decoded at once in a room: the loudest by their claimed level. */
export const DECODED_TALKERS_MAX = 16;
/** How long who has talked keeps a mix of their own. */
export const OWN_MIX_KEPT_MS = 5_000;
/** Decision rings: how far back, and how many lines. */
export const DECISIONS_KEPT_MS = 10_000;
export const DECISIONS_MAX = 1_024;

/** Finding servers. The beacon: an administratively scoped group (RFC 2365), of which no router passes anything on. */
export const BEACON_GROUP = "239.255.70.77";
export const BEACON_PORT = 65437;
/** A beacon comes so often, is believed so long (three lost ones), and is sent at most so often, whoever asks. */
export const BEACON_INTERVAL_MS = 3_000;
export const BEACON_LIFETIME_MS = 10_000;
export const BEACON_GAP_MS = 200;
/** One datagram of the beacon, and of mDNS (RFC 6762 section 17). */
export const BEACON_BYTES_MAX = 1_200;
export const MDNS_BYTES_MAX = 9_000;
/** How long mDNS records are kept by others, and how often a changed number of people is announced there. */
export const MDNS_TTL_SECONDS = 120;
export const MDNS_UPDATE_GAP_MS = 6_000;
/** What a server is called, in UTF-16 code units; and its program's version. */
export const SERVER_NAME_LENGTH_MAX = 64;
export const SERVER_VERSION_LENGTH_MAX = 32;
/** Rooms and people a server may claim. */
export const ANNOUNCED_COUNT_MAX = 100_000;
/** Datagrams that are looked at: from one of the latest addresses, and from all of them. */
export const DISCOVERY_PER_ADDRESS_PER_SECOND = 20;
export const DISCOVERY_PER_ADDRESS_BURST = 60;
export const DISCOVERY_PER_SECOND = 400;
export const DISCOVERY_BURST = 800;
export const DISCOVERY_ADDRESSES_MAX = 256;
/** Servers a client lists: in all, and that one address tells of; and what it keeps of each. */
export const FOUND_SERVERS_MAX = 64;
export const FOUND_PER_SOURCE_MAX = 16;
export const SIGHTINGS_PER_SERVER_MAX = 8;
export const ANNOUNCED_ADDRESSES_MAX = 8;
/** An IP address as text, in UTF-16 code units: the longest form of IPv6. */
export const ADDRESS_LENGTH_MAX = 45;
/** Who says goodbye is listed so long: time for a server that did not say it to object. */
export const FAREWELL_MS = 1_000;
/** A server whose beacon stopped is asked by mDNS, and has so long to answer. */
export const DOUBT_MS = 2_000;
/** Networks of one machine on which servers are announced and looked for; and how often they are looked at. */
export const LINKS_MAX = 8;
export const LINKS_POLL_MS = 2_000;
/** Searching a network address by address: how many, at once, a second, how long each may take, and all. */
export const SCAN_ADDRESSES_MAX = 512;
export const SCAN_AT_ONCE_MAX = 32;
export const SCAN_PER_SECOND = 50;
export const SCAN_REACH_MS = 800;
export const SCAN_ANSWER_MS = 2_000;
export const SCAN_TOTAL_MS = 30_000;

/** A shared screen: the longest side and the pixels of its picture; exact pixels come in tiles of this side. */
export const SCREEN_SIDE_MAX = 2_560;
export const SCREEN_PIXELS_MAX = 2_560 * 1_440;
export const SCREEN_TILE_SIDE = 64;
/** One message with exact tiles, its body; and how many tiles that may be: the pictures do not wait long behind one. */
export const SCREEN_TILES_BYTES_MAX = 64 << 10;
export const SCREEN_TILES_PER_MESSAGE_MAX = 64;
/** What a screen or window is called, UTF-8. */
export const SCREEN_TITLE_BYTES_MAX = 256;
/** A tile that has not changed for so long is sent exactly. */
export const SCREEN_STILL_MS = 100;
/** While something moves a keyframe comes so often, and so many pictures a second. */
export const SCREEN_KEYFRAME_MS = 2_000;
export const SCREEN_FRAMES_PER_SECOND = 30;
/** A viewer that leaves so much time or so many bytes unacknowledged is sent nothing more until it catches up; it goes on with a keyframe. */
export const SCREEN_UNACKNOWLEDGED_MS_MAX = 500;
export const SCREEN_UNACKNOWLEDGED_BYTES_MAX = 4 << 20;
/** What the server keeps of a share: pictures from the last keyframe on, and exact tiles. */
export const SCREEN_GOP_BYTES_MAX = 16 << 20;
export const SCREEN_TILES_KEPT_BYTES_MAX = 32 << 20;
/** Clocks of a screen's connection are compared so often. */
export const SCREEN_CLOCK_MS = 1_000;
/**
 * A presenter is read no faster than this: bytes on average and at once. However small, a message counts as so many more, for
 * each costs every viewer: 1 000 a second at most (10 000 made others wait for seconds), and a screen sends about 100.
 */
export const SCREEN_BYTES_PER_SECOND = 8 << 20;
export const SCREEN_BYTES_BURST = 16 << 20;
export const SCREEN_MESSAGE_COST_BYTES = 8 << 10;
/** The same of a viewer, who only acknowledges and asks for the time. */
export const SCREEN_ANSWER_BYTES_PER_SECOND = 64 << 10;
export const SCREEN_ANSWER_BYTES_BURST = 256 << 10;
/** A presenter of whom nothing comes for so long is gone. A viewer who owes acknowledgements and sends none is let go. */
export const SCREEN_PRESENTER_SILENT_MS_MAX = 10_000;
export const SCREEN_VIEWER_SILENT_MS_MAX = 20_000;
/** What is under way to a viewer is held to about so much time; in bytes it is so much at first, and at least. */
export const SCREEN_IN_FLIGHT_MS = 150;
export const SCREEN_IN_FLIGHT_BYTES_START = 128 << 10;
export const SCREEN_IN_FLIGHT_BYTES_MIN = 32 << 10;
/** Who comes new gets what is exact before the pictures, for so long at most. */
export const SCREEN_TILES_FIRST_MS = 300;
