/**
 * The checksums of the small runs on the WebAssembly backend, written by `deno task pretrained sums`.
 *
 * @module
 */

import type { RunSums } from "./verify.ts";

/** See {@linkcode RunSums}. */
export const PUBLISHED: Readonly<Record<string, RunSums>> = {
  "gpt1": {
    "sha256": "274bfe9183cfed1fff659427781a7da633cbcdc189eb1177e76003ebf15acd15",
    "tensors": {
      "tokenEmbedding": "cdd853 c039a0 c9e44a ad7976 79cdd8 0bd6fd 236cb2 857612 ec0e66 370433 a15a58",
      "positionEmbedding": "c645c9 60f6a0 c91730 86323e bcb1ec 1b4066 c4895b b3ea86 21ba8a 731cda d1829e",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 fb6d76 abba1a 9ff05a 2b276d c27f1b f13cc7 84a337 72f2c7 190a4a 679d53",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 e9bcec 234fa0 b02b17 8bdc2c 708f78 2b8331 540d35 6d9176 3784d8 18f30e",
      "blocks.0.attention.projection.weight":
        "fac00e 1d2aa1 dbf84d 14ee14 4434b5 227825 565e14 d377db 45058f f26f6c 2cd04b",
      "blocks.0.attention.projection.bias":
        "d48900 5d1f89 1d6e09 1fa6cd c98b15 c90008 6d67d2 75cc2a f060f4 12132e e98907",
      "blocks.0.norm1.weight": "214393 020c9e 737ec1 e8a2bf 1b7431 fca120 f91ab8 32f97c 963a3d 2c0809 5b3c33",
      "blocks.0.norm1.bias": "d48900 5a62e2 944dbf 079784 15cba4 79cc1c 27ffff 0eb060 f4bda5 1042e7 834ad4",
      "blocks.0.mlp.expand.weight":
        "ed7981 15eedf db3e40 a2dbde 7cf963 04fa0c 561ee0 7c8ee1 e376b6 1ddce2 6d95b2",
      "blocks.0.mlp.expand.bias":
        "15dfcf 22a5c5 5087e8 57828a c674fe 7cee9c b14aeb 1baa6e 2c8289 35c0e8 19a471",
      "blocks.0.mlp.contract.weight":
        "ecd907 61cc28 ab3394 50127a dc06ef 193ef0 0fec1c c3b360 1e7547 d52875 0fbcef",
      "blocks.0.mlp.contract.bias":
        "d48900 7aee19 60b686 aa0ad5 506254 5b4fa3 9cf283 2d382e afbf70 24cd40 1032bc",
      "blocks.0.norm2.weight": "214393 7ee04b 1edd6c dd9e47 ca454b f774f2 b17962 8e759c 99bbae 16dc51 9c1778",
      "blocks.0.norm2.bias": "d48900 794dde 7847c8 077ee1 942d05 dbfd6a 626305 accd1d 41a8d9 1fdb70 525354",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 e0d20c 65d3a0 bb7268 4379a2 10b8dd b9fbf4 e840c7 a761ad 2480a6 1cac22",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 517896 fa6ff5 15ed81 6671e7 c1cd7c 26ebbe 6b6c8e f8b0c4 4930c9 cac16b",
      "blocks.1.attention.projection.weight":
        "d14526 07b264 6cd976 b64acc edb612 34819f 8bdaae ff85fa 6d8e5c 2769fc 67944b",
      "blocks.1.attention.projection.bias":
        "d48900 2208a7 3b8505 351abd 15e3b7 f060a3 640873 c4cb67 c32d1c c70013 8903a7",
      "blocks.1.norm1.weight": "214393 8b3a02 624ea1 4bc6bf 805fe6 afd32f 338ed8 2beeb5 b05dd1 6baaca a9b050",
      "blocks.1.norm1.bias": "d48900 019b1b 1a3d61 f8ed09 165d7e 0004eb 848dec 1a84b0 d6a3f0 8a5cde bbeba6",
      "blocks.1.mlp.expand.weight":
        "6d472b 7a315e 2b2beb 0fa9c6 5d59c7 ad4a84 1b1895 6d2498 302fa4 7e4572 538a4e",
      "blocks.1.mlp.expand.bias":
        "15dfcf a19074 d51041 3f8632 188c82 f58193 704781 594f31 0a1387 fdb0fb 5fb1aa",
      "blocks.1.mlp.contract.weight":
        "9b5018 baad53 2cd279 a5159b cc20db 8db925 228a33 699d46 b589bc 2cc5ab 34784e",
      "blocks.1.mlp.contract.bias":
        "d48900 2a5d07 145f40 4694ac 32c34d e217b6 a1321e c8fa52 699654 f24824 f942aa",
      "blocks.1.norm2.weight": "214393 bee714 e84ed7 105b23 6f72e5 e819bd f2da37 956ce4 19751c 85f400 8d28eb",
      "blocks.1.norm2.bias": "d48900 f2ec73 5b17f0 2d2704 f371c0 3ef7ac cc2396 3fd139 22e3f7 52fa46 d25cd1",
    },
  },
  "gpt2": {
    "sha256": "309ba7b15fbe715889d9a05e4429e3060ece681efa5b413c84b3f41e2c708add",
    "tensors": {
      "tokenEmbedding": "cdd853 3fabf8 f52724 db5471 526ad3 ba919e 67499a 280177 49055f 787d61 644bbe",
      "positionEmbedding": "c645c9 dfd314 aa7df3 6f1a26 8ab340 dd3b31 8daafc ad07ca f6fb9a 2a9d2d 753103",
      "blocks.0.norm1.weight": "214393 dbb73e 58cd48 4f086f ebde47 36cb7f fd1e25 d5a623 34898e 5c5ce2 30559e",
      "blocks.0.norm1.bias": "d48900 fec78f 3b51b5 8aabca 95f29b d290c7 68d80f 7f420f 839814 bef321 bda609",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 5da692 6c7f27 e3c9b7 5b4e28 9c69cb acfdb5 46234e 7fb33b 5b88a5 a4ff3f",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 c8d1a9 42fa40 5205c6 4a05a2 b14119 f1d46a ac54dd ce94a7 470c42 2debe2",
      "blocks.0.attention.projection.weight":
        "effd33 729dfc 370f0e 067d9c 436808 960340 c8bf61 6748ff b4fffb f190a4 1d67ec",
      "blocks.0.attention.projection.bias":
        "d48900 8af1f2 441aeb 311dd8 fbdb9f 847ce1 9b22a3 fab7c6 b366dd e957f9 623d24",
      "blocks.0.norm2.weight": "214393 10ff14 3f4194 b5f18d b5af84 c1baa1 d38b79 704969 1f4233 d55c69 3ff848",
      "blocks.0.norm2.bias": "d48900 4a3dd7 2847dc 18c3f5 9ba72e 8c2c8e 424bd2 9bf82d b59308 0d9ef9 9db945",
      "blocks.0.mlp.expand.weight":
        "ed7981 4bce3b ea168e 574768 19a127 c989a7 2fe4bd 276f3c 5cf994 05f832 ab01a9",
      "blocks.0.mlp.expand.bias":
        "15dfcf 82e921 cfe360 a85725 b15e02 8c7c8d 835521 253592 80449f 7657a9 d315d8",
      "blocks.0.mlp.contract.weight":
        "3f704a f38ed7 ff1d34 c07692 eb8bba 327755 cdb613 10a8a8 c3a367 cc6aa4 122eca",
      "blocks.0.mlp.contract.bias":
        "d48900 a401c3 400df4 197bc7 d992ed 07bbe0 3f02b4 e60152 e6b7c9 5326a0 ad75d3",
      "blocks.1.norm1.weight": "214393 f1e3ad 3cc2c5 e9d212 39c609 33be4e 85adcc e1b951 a29163 4fda97 c57591",
      "blocks.1.norm1.bias": "d48900 296ac0 623981 1c9c34 fbfd78 b8068b 706c11 6c7028 a1ae09 859b65 a2e4b2",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 b863a8 b2606b 3f949e 3f2744 fed480 d400e0 0c9fe1 50758d c994b7 d150e4",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 d85432 f0e863 e07af0 c73cdc 656d3e 4d86e1 78a9b3 2f3f0b f104fa 382ac7",
      "blocks.1.attention.projection.weight":
        "7aa64c 07a7d9 b66fb4 098b93 af755a d00f58 5307b7 ae3e75 6004a7 f75553 b6c3e1",
      "blocks.1.attention.projection.bias":
        "d48900 c5476a 29b248 30bb11 3c17cd a600a1 7a7844 f4f838 030c91 d5dc55 1327ee",
      "blocks.1.norm2.weight": "214393 31173a e0acfb 38adbd b9f818 81d9ee 41cf99 16f8aa fa6126 a092c2 503ca1",
      "blocks.1.norm2.bias": "d48900 721949 a07406 934031 5634c2 d913a0 4e6522 5f2540 9c7a53 c07dc2 e2c747",
      "blocks.1.mlp.expand.weight":
        "6d472b 3134c4 45b4a3 7c0780 8a62eb 3cf857 e42143 fa4055 29ba2e b79801 ea6561",
      "blocks.1.mlp.expand.bias":
        "15dfcf c7ff91 87552f 1a1214 9800ce 778366 450dec 32a65f a07f09 1705d1 fecda6",
      "blocks.1.mlp.contract.weight":
        "9e1e7d 0ce4ed 2a8c6c 5cb406 b1e337 087c2e 25d64a c5cebf b4e3c0 2dd5b1 a0ddc2",
      "blocks.1.mlp.contract.bias":
        "d48900 75b59b 845757 d5f590 48d70b c31faa c4923e 620f2b 4660d0 391bbe e4feb5",
      "finalNorm.weight": "214393 b4bdfc 28446b a1bda0 503127 4fb0be 87d544 36345f 08b9da ca77c4 d742da",
      "finalNorm.bias": "d48900 d50ff5 b5d308 2374b7 39ec28 c3a81a 1cee33 899f03 63ee92 60437a 8281a2",
      "languageHead": "e871df 07f59b 04889b 619a66 7b3ff6 d259e4 3d4918 72f402 5fcdf4 888d4f 7693e8",
    },
  },
  "roberta": {
    "sha256": "6aedd5c5b285f3e5a49e0cd34ba4d92e8ab517069fe8ac18d94235afc8d5651a",
    "tensors": {
      "encoder.tokenEmbedding":
        "caabc2 8b024f cf40d1 a48dfc 105ed0 5e1b69 7090cb 14e010 d4730e 10a133 4f957f",
      "encoder.positionEmbedding":
        "bda715 254865 2ebb6b 5d021b efe90e b771ad fd59b0 ce1e24 85e3b8 e84a8a f86d62",
      "encoder.embeddingNorm.weight":
        "214393 3285b3 393843 9e4617 ea65f2 1a2ab4 8612d7 d2024e c686c0 356934 97f6d8",
      "encoder.embeddingNorm.bias":
        "d48900 6c0025 b52853 d77556 04cadc c2165e 3e31e4 052b4e b8432a 7e0a7d 0dfe1c",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "4675fb 567a57 694f17 205d36 194fa5 614bb0 a76b54 bc4feb c3e792 4b382d 37e0a5",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "450898 706c85 60ccc7 018335 1bfa42 12cfe5 24bb6a c4d5a5 396f78 9eb7a1 c3330a",
      "encoder.blocks.0.attention.projection.weight":
        "fa17eb ca2713 69c9b7 e13abd 614a4c 033ba1 53bf6c db2149 3215e5 4f6cd3 063df7",
      "encoder.blocks.0.attention.projection.bias":
        "d48900 c21153 45cd98 d1c26d bc3a16 589030 c5b446 f2ce65 560f34 7f59dd 0b4209",
      "encoder.blocks.0.norm1.weight":
        "214393 afb69d 8481c0 fa680d 234113 2d04a9 960791 0bce2a 271964 79e06c d56544",
      "encoder.blocks.0.norm1.bias":
        "d48900 360112 81076f e967de 1b83ac e2e54b dce5e1 0d2bae 9ce57f e10ba0 04d2fc",
      "encoder.blocks.0.mlp.expand.weight":
        "c952a1 8b1a22 66d79d fe057b 9f75f3 f0a253 8fffab a6b90a 55e7a6 962bad 6f0416",
      "encoder.blocks.0.mlp.expand.bias":
        "15dfcf 2a6079 3e32d3 75d55e 707a6f c95aad 7e5a2a c21834 894440 26928c 69161d",
      "encoder.blocks.0.mlp.contract.weight":
        "412816 c6a230 e38238 571258 2814ca d26056 dd694f 022d3e 2ba800 62dab5 d7def6",
      "encoder.blocks.0.mlp.contract.bias":
        "d48900 1e43e6 9e0c98 898492 8169fa d21d3e a0b2f4 60a385 735bc8 237c6e f5c0d2",
      "encoder.blocks.0.norm2.weight":
        "214393 4c5385 52651e b0e078 9402cc 4e65fa 165bf4 7ca27f de5cf9 daf695 ebf5c4",
      "encoder.blocks.0.norm2.bias":
        "d48900 73023c 787115 f4dc71 f74889 71c722 be1617 f63849 88d8d6 a83cb9 5d0718",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "88a982 421446 e84087 c94a09 8118e7 96c23c 73822b 81909b 16879f a991a5 b64284",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "450898 a40ce9 c132fa 88761f 0f5bdb 5678ea 6a7938 4890f9 323702 8ef3aa 3aa9b4",
      "encoder.blocks.1.attention.projection.weight":
        "4dd841 d59cfe 8060c7 48a95b 75dc14 75da40 04fa66 12d514 5f6328 e2ff5b a596ac",
      "encoder.blocks.1.attention.projection.bias":
        "d48900 bf802c 49b1cf b92221 759001 8859d6 ed3429 acd9ab 950e08 385fc1 a9b416",
      "encoder.blocks.1.norm1.weight":
        "214393 9fc1cb 5ea3dd fde819 a85850 cc161b 57abb7 f83982 e34e92 6d561b 4dbd42",
      "encoder.blocks.1.norm1.bias":
        "d48900 e0a93a aaf64c 6ea68d 04acb6 708619 fa4cba 5cfab3 d809ec e4e9e8 064b82",
      "encoder.blocks.1.mlp.expand.weight":
        "2ad2af 6603b0 30bc26 a3485e 6464b3 ab39e7 447e4e a93442 c083f3 3dd03c 97d8ca",
      "encoder.blocks.1.mlp.expand.bias":
        "15dfcf 555ab6 370037 9dcf4d 436d63 19bcee 245160 4bcb69 3acd29 6ee995 1cee5a",
      "encoder.blocks.1.mlp.contract.weight":
        "aad6af a9224b ef142c 333d04 8c9a3c 288fed 5bd54c e949f6 e0dca7 807fd4 9372e3",
      "encoder.blocks.1.mlp.contract.bias":
        "d48900 060ee7 67a366 9ad42e fa1a30 179e9f b08ed8 6ce8a6 a8153c 9d0763 5e3363",
      "encoder.blocks.1.norm2.weight":
        "214393 9fca91 a87c9b f7a121 3e835f 9155f3 b6227d 1e2c3e d580f8 84ae51 31a42d",
      "encoder.blocks.1.norm2.bias":
        "d48900 50d847 3f69f8 0e5fab 8f140a 08dc0b 9c677e 3feef9 9c7b1e 79ba2a fc591b",
      "languageHead.dense.weight":
        "8c3e6d f1d658 37c9e3 11cb04 fed410 2d386e e41d00 32332a 7938e1 4f9de5 1a0586",
      "languageHead.dense.bias":
        "d48900 6f8b33 2f9b5f facfda 43030a 4bd267 f38376 4cea29 f1471f b09f56 e6f553",
      "languageHead.norm.weight":
        "214393 db7238 967074 4b1777 39e335 ff1e0e fff662 5f1c2e ac16ac b96b1f 4b1e3d",
      "languageHead.norm.bias":
        "d48900 6e367d 67b9c2 5ad7a2 c04585 69ffa8 5ce339 6cff7e 89038d a25e03 916fcd",
      "languageHead.bias": "ac9ab7 a3989e 84f79f 73f8e2 462e37 e0c25a 6617ee 15f3a1 824603 369890 c628ec",
    },
  },
  "gpt1 classifier": {
    "sha256": "9e3029b85423041ae86a9c7ea946e9bddd404b2ca34ba9bd72353048b15dfd77",
    "tensors": {
      "gpt.tokenEmbedding": "a15a58 4e5262 fc829c 5dbf09 9fd3b7 7631f7 2e4e72 9ed724 221106 b7adad d2e502",
      "gpt.positionEmbedding": "d1829e 2bb769 25e71e 7c8bc7 b6d143 510fa7 bca70c 344363 1bbaa3 5a8a9c 299508",
      "gpt.blocks.0.attention.queryKeyValue.weight":
        "679d53 f0abbd 6f3c2c b6ef5f a0e9ed 14ed7e 46ba88 d0f12d ca495f b02939 7c0423",
      "gpt.blocks.0.attention.queryKeyValue.bias":
        "18f30e 621a40 0f068b aebb29 efbe0f 742557 0c8279 292cf5 b3c399 676013 8ae93e",
      "gpt.blocks.0.attention.projection.weight":
        "2cd04b bd9b10 7352c9 2b2460 e04ccb ef34e7 72a9e7 146299 830252 17cac1 836d89",
      "gpt.blocks.0.attention.projection.bias":
        "e98907 56b8fc f055b8 0347fd 4d898a 2f1c04 9c68b6 e21fa9 3850da e8a5a7 bb6e1f",
      "gpt.blocks.0.norm1.weight":
        "5b3c33 068b62 132d07 219c9d a75004 37d903 6a0bd3 460ea8 501556 4e1946 ab4bc7",
      "gpt.blocks.0.norm1.bias":
        "834ad4 c7b7b0 f8a470 c58318 91f891 e49ddd ec6cac 1906ca 3bc8ab cb61f7 7cfecd",
      "gpt.blocks.0.mlp.expand.weight":
        "6d95b2 da9a65 ef04de 77fd28 3bb10e ae1b8c 611fc5 e72b03 5b4d0b 47da7d 4ad095",
      "gpt.blocks.0.mlp.expand.bias":
        "19a471 376df0 fbe289 a42ed8 6a8f7a 4d67c9 157832 91d9ff 254499 0a35bf ed01f8",
      "gpt.blocks.0.mlp.contract.weight":
        "0fbcef eb21ea d06dc9 6fd022 cdd2a2 5a5505 964a39 ad9ab8 32747c 4b0dd3 092753",
      "gpt.blocks.0.mlp.contract.bias":
        "1032bc aa1eb8 2c5f5c db9bb8 b57cf7 14cbeb f9fcf3 ff2e4e ecb08b df0e64 3ce8a1",
      "gpt.blocks.0.norm2.weight":
        "9c1778 417838 e753d2 bfea42 f44366 844665 687f4f 0b20de 593cc9 e61416 5d510d",
      "gpt.blocks.0.norm2.bias":
        "525354 8457b2 55f4e0 df7f88 03c28f 3b348c 7e296d 1202c6 7de107 5a592b a88760",
      "gpt.blocks.1.attention.queryKeyValue.weight":
        "1cac22 9172a0 eb8e7b 1f232d 180189 640f0f 1c327a ebf100 bdc1a5 0d87e1 76afe9",
      "gpt.blocks.1.attention.queryKeyValue.bias":
        "cac16b e80747 62be5b be8008 599ed9 cbc932 cec320 516a86 943b82 36c56f a356b2",
      "gpt.blocks.1.attention.projection.weight":
        "67944b 5698b0 8c14ec f5464d 74ff5f 4eb817 871895 f98881 b69aa6 5852bb 6d6b78",
      "gpt.blocks.1.attention.projection.bias":
        "8903a7 ebddb2 9a9dd1 820995 be7b26 94eb9f 7e9e00 6d0ba4 8a4ea1 fb3227 18c4a4",
      "gpt.blocks.1.norm1.weight":
        "a9b050 cee7b3 1c8311 bc0247 b99c30 40e49f a2cee6 7c1a57 b4ea12 3c0271 4e9b6e",
      "gpt.blocks.1.norm1.bias":
        "bbeba6 2f08a2 cf3953 c5b6e6 d8f17a faf12d 91f3bf 47e6ea 49c4ec eb0d4e 2488cf",
      "gpt.blocks.1.mlp.expand.weight":
        "538a4e f717f1 c4974a 8e0a1a 4bdd05 9163ca d77b5c 10ae04 bb77f0 0975b4 eace51",
      "gpt.blocks.1.mlp.expand.bias":
        "5fb1aa ba4c32 99a8e5 e395ad 9514d7 9f97a6 a105d8 424564 254db4 1c7246 c2da51",
      "gpt.blocks.1.mlp.contract.weight":
        "34784e de82a9 ba607e 67dc3e 0e30e7 3f4c9a 976c95 dfa672 b0fa9b 22b55e 74d611",
      "gpt.blocks.1.mlp.contract.bias":
        "f942aa 28d2d0 1d0123 2d11d2 0afcfa 3dee3e 327838 1afbdc 7d72f2 6a337d c7b17f",
      "gpt.blocks.1.norm2.weight":
        "8d28eb 3be444 0c949f 009bd4 7f50a8 bcfce7 1c351d d08037 f3fc36 361aac 1c7b20",
      "gpt.blocks.1.norm2.bias":
        "d25cd1 7bc0cb 23e2ad a95712 7ba413 3ee772 09b3eb 478794 eb12f2 2737b0 48f0c0",
      "score": "5e15dd 8e4ee1 76a84b 16b138 8c9551 4a16ad bfc099 64258c 209b45 eb0889 722d77",
    },
  },
  "roberta classifier": {
    "sha256": "9be9444d531fb9fdabb094d266652c0115ff3c1455e39067f96ed99ed18e40b8",
    "tensors": {
      "encoder.tokenEmbedding":
        "4f957f f4deb0 8de862 48be6c 63c038 c02d18 07bd0d 42f5bd 1bc9f0 47e2a4 125bc0",
      "encoder.positionEmbedding":
        "f86d62 e60599 2eea25 b567dd 3b6e6a 6a9827 7fecc0 42c06b 48dc86 16bb16 89d695",
      "encoder.embeddingNorm.weight":
        "97f6d8 7b15a8 35196f 12a079 6d51f5 8d5003 5abb81 25d95c cbdc83 c8e565 7700f0",
      "encoder.embeddingNorm.bias":
        "0dfe1c 632035 0fc545 30b027 fa6774 2a07d5 653df4 667f90 279fd9 fc8ea5 88e218",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "37e0a5 4992bb 120fb7 227118 e3792b cdbd61 378052 b6ce5e 68f147 4a04a0 9b66cc",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "c3330a e3bdc5 fefdcd f96bcf c9ede3 d7c099 8f5534 e76abd 261244 111850 920f96",
      "encoder.blocks.0.attention.projection.weight":
        "063df7 800b78 876a61 944be5 09838b e1324e 323cb7 6a31ec f4d25d 3ee3c5 c85817",
      "encoder.blocks.0.attention.projection.bias":
        "0b4209 27e208 c90d8d c8788c dbf8d9 97d05d ac7f8b 45c7ed 61f393 239aed 08b3d2",
      "encoder.blocks.0.norm1.weight":
        "d56544 19b189 d08c7b f98838 d59321 117215 0df7c7 67fcce c43d1e abb798 e9299e",
      "encoder.blocks.0.norm1.bias":
        "04d2fc 62262e cfd468 c08d59 649606 7cf1c0 c9d879 e4dd09 f54b13 8306b3 1ea39d",
      "encoder.blocks.0.mlp.expand.weight":
        "6f0416 2ebd18 d7c5f1 90d4dc 5dcffc d64ce5 ff9f5f 9c2e6f 4d907b d35098 02119f",
      "encoder.blocks.0.mlp.expand.bias":
        "69161d c4dd52 930d38 b652f4 d211b4 0899e0 414e9b 34374b c674ed 3d6a23 a6a120",
      "encoder.blocks.0.mlp.contract.weight":
        "d7def6 33ad05 16d76f 91ceb6 e1a427 3fc990 e1ca3d 0813ba 1e50a4 813920 9b2907",
      "encoder.blocks.0.mlp.contract.bias":
        "f5c0d2 a2e3f2 9a65fa 3973e5 e23e7d 4f298e dfb38f 5d805e dca77c d8320f a648df",
      "encoder.blocks.0.norm2.weight":
        "ebf5c4 1aa22b de626d d6f5dd 005885 6e34c3 53066f 6b56bf 0dd2d9 5b0ee9 fcc77e",
      "encoder.blocks.0.norm2.bias":
        "5d0718 84ab99 52922f a56d31 83daa8 977ee3 a4a2a7 8ba4d0 72dbc4 2793aa c48ce0",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "b64284 ded46d cdaad1 be3394 c623c3 7b171e b368e0 a38a43 498092 ae5985 faed0a",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "3aa9b4 5db0b2 4e8c5b b7f2ff bdf9cc 316a62 4989cd 27e484 0b4fe0 2ef839 77083c",
      "encoder.blocks.1.attention.projection.weight":
        "a596ac d8352b 9fa883 44e724 53f920 aed430 5cf138 59866d a4dc91 c2d6a1 f4b4be",
      "encoder.blocks.1.attention.projection.bias":
        "a9b416 bbb2cc f805c1 964cd7 b75005 798b99 a7e779 f14d95 fc9886 a09540 a7f270",
      "encoder.blocks.1.norm1.weight":
        "4dbd42 822c13 5650a0 e04ba9 f272b6 bcfe8e 87d235 bea972 872378 2c4774 2094f9",
      "encoder.blocks.1.norm1.bias":
        "064b82 d92547 a54fe6 8320ed 8f59e2 251983 a559a6 795f6f f19434 cc5c5b f3d766",
      "encoder.blocks.1.mlp.expand.weight":
        "97d8ca 29bf75 89f4f4 00c86e 526177 034032 3c11fb af1c36 44bb31 e4f672 0db7f9",
      "encoder.blocks.1.mlp.expand.bias":
        "1cee5a 06ad5a 37244a ef8f4d 166d6b 01d312 049544 ae4bd2 d3e577 1fb74d cb800e",
      "encoder.blocks.1.mlp.contract.weight":
        "9372e3 c7f98d 54505a 0b79f8 2f91e1 278ce5 1f6978 37ec47 0faac0 e27c4c e5782c",
      "encoder.blocks.1.mlp.contract.bias":
        "5e3363 a6eab2 08c8ab 1e94e4 7e0c89 1c44ce bdbf00 543f79 ae1015 4b977c 70dd65",
      "encoder.blocks.1.norm2.weight":
        "31a42d 372b03 ce330c c5e0b4 b65b4e 8373bb 98a2f9 e381ef 171917 f6e86b 192f3c",
      "encoder.blocks.1.norm2.bias":
        "fc591b da0070 abd40d 5155ba 63ea57 873462 38a305 7b1961 7a0288 55c271 64ac80",
      "classificationHead.dense.weight":
        "d6fa2c 34ac2b 08a403 41546a f5c4df e853af 9695b3 aa898a 4e2b9f 43bb10 b7dbb4",
      "classificationHead.dense.bias":
        "d48900 a600dd 6b5689 b7d740 19b89e b64ce2 0f25ac 410d9f 1f0202 0239e3 c9d4bf",
      "classificationHead.projection.weight":
        "35664f 2840a3 2bc6cf bcc0ae 9c9536 7c7de9 84ecbc e0fefa f35e73 8cec54 020b03",
      "classificationHead.projection.bias":
        "af5570 f78e9a 3b7a9c 2aed58 ef55ae ebf7a7 49ea5c 1670b3 57f791 8bec7e 7f85ee",
    },
  },
};
